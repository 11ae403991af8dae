// What a subscription delivers at once. It may go to many, who then get the same text.

import type { ExecutionResult } from 'graphql'
import type { MadeFrame } from '../live/madeFrame.ts'

export class Frame implements ExecutionResult, MadeFrame {
  declare readonly errors?: NonNullable<ExecutionResult['errors']>
  readonly data: NonNullable<ExecutionResult['data']>
  declare readonly extensions?: NonNullable<ExecutionResult['extensions']>
  /** Where its feed stands once it has been received; undefined where a feed cannot be gone on with. */
  readonly #cursor: string | undefined
  #text: string | undefined
  #parts: readonly Uint8Array[] | undefined

  constructor({ errors, data, extensions }: ExecutionResult & Pick<Frame, 'data'>, cursor?: string) {
    if (errors) this.errors = errors
    this.data = data
    if (extensions) this.extensions = extensions
    this.#cursor = cursor
  }

  get cursor(): string | undefined {
    return this.#cursor
  }

  /** As JSON. */
  get text(): string {
    this.#text ??= JSON.stringify(this)
    return this.#text
  }

  /** The same in UTF-8. */
  get parts(): readonly Uint8Array[] {
    this.#parts ??= [Buffer.from(this.text)]
    return this.#parts
  }
}
