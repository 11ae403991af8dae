// What a subscription delivers at once. It may go to many, who then get the same text.

import type { ExecutionResult } from 'graphql'
import type { FrameCuts, MadeFrame } from '../live/madeFrame.ts'
import { isObject } from './gateRequest.ts'
import { FrameMould } from './textFrame.ts'

interface FrameOptions {
  /** Where its feed stands once it has been received; undefined where a feed cannot be gone on with. */
  readonly cursor: string | undefined
  /** All that it shows was there to be read. */
  readonly whole: boolean
}

export class Frame implements ExecutionResult, MadeFrame {
  declare readonly errors?: NonNullable<ExecutionResult['errors']>
  readonly data: NonNullable<ExecutionResult['data']>
  readonly #options: FrameOptions
  #written: Written | undefined
  #deliveries = 0
  #mould: FrameMould | undefined

  constructor({ errors, data }: Pick<ExecutionResult, 'errors'> & Pick<Frame, 'data'>, options: FrameOptions) {
    if (errors) this.errors = errors
    this.data = data
    this.#options = options
  }

  get cursor(): string | undefined {
    return this.#options.cursor
  }

  /** As JSON. */
  get text(): string {
    return this.#write().text
  }

  /** The same in UTF-8. */
  get parts(): readonly Uint8Array[] {
    return [this.#write().bytes]
  }

  get cuts(): FrameCuts | undefined {
    return this.#write().cuts
  }

  /** Of messages that hold it; undefined for the first, which may be the only one. @param tail the same for all of them */
  mouldEndingWith(tail: Uint8Array): FrameMould | undefined {
    this.#deliveries += 1
    if (this.#deliveries > 1) this.#mould ??= new FrameMould(this.#write().bytes, tail)
    return this.#mould
  }

  #write(): Written {
    this.#written ??= (this.errors || !this.#options.whole ? undefined : writtenInPieces(this.data)) ?? written(this)
    return this.#written
  }
}

interface Written {
  readonly text: string
  readonly bytes: Uint8Array
  readonly cuts?: FrameCuts
}

function written(frame: object): Written {
  const text = JSON.stringify(frame)
  return { text, bytes: Buffer.from(text) }
}

/** With its events one by one; undefined where the document asks for no list, or for several. */
function writtenInPieces(data: Frame['data']): Written | undefined {
  const [feed, ...others] = Object.entries(data)
  if (!feed || others.length > 0) return undefined
  const [name, payload] = feed
  if (!isObject(payload)) return undefined
  const fields = Object.entries(payload)
  const lists = fields.filter(([, value]) => Array.isArray(value))
  const [list] = lists
  if (!list || lists.length > 1) return undefined
  const fieldText = ([key, value]: readonly [string, unknown]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`
  const at = fields.indexOf(list)
  // Just found to be one.
  const events = (list[1] as readonly unknown[]).map((event) => JSON.stringify(event))
  const head = `{"data":{${JSON.stringify(name)}:{${[...fields.slice(0, at).map(fieldText), `${JSON.stringify(list[0])}:[`].join()}`
  const tail = `${['', ...fields.slice(at + 1).map(fieldText)].join()}}}}`
  const text = `${head}${events.join()}]${tail}`
  const bytes = Buffer.from(text)
  const lengthOf = bytes.byteLength === text.length ? (piece: string) => piece.length : Buffer.byteLength
  const starts: number[] = []
  let end = lengthOf(head)
  for (const [index, event] of events.entries()) {
    if (index > 0) end++
    starts.push(end)
    end += lengthOf(event)
  }
  return { text, bytes, cuts: { bytes, starts, end } }
}
