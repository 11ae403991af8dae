// Somebody who follows their inbox over connections that break, and goes on from any place that they know.

import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient, type Data } from './client.ts'
import { positionOf } from './inboxModel.ts'
import { InboxReader } from './inboxReader.ts'
import type { Random } from './random.ts'

interface Options {
  /** Undefined while no server runs. */
  readonly where: () => string | undefined
  readonly token: string | undefined
  readonly detail: 'MESSAGES' | 'EVERYTHING'
  readonly random: Random
  /** A cursor to begin from. */
  readonly after: string
}

/** How long a connection lasts. */
interface Lasting {
  readonly atMostMs: number
  readonly until?: (reader: InboxReader) => boolean
}

export class InboxFollower {
  readonly detail: 'MESSAGES' | 'EVERYTHING'
  /** What they were told, in order, less what they went back behind. */
  told: Data[] = []
  readonly troubles: string[] = []
  connections = 0
  readonly #options: Options
  #after: string
  #stopped = false

  constructor(options: Options) {
    this.#options = options
    this.detail = options.detail
    this.#after = options.after
  }

  stop(): void {
    this.#stopped = true
  }

  /** Connects and drops until it is stopped, and then until this has come. @throws where it does not come */
  async follow(isLast: (event: Data) => boolean): Promise<void> {
    const deadline = () => AbortSignal.timeout(30_000)
    let ending: AbortSignal | undefined
    for (;;) {
      if (this.#stopped) ending ??= deadline()
      if (ending && this.told.some(isLast)) return
      if (ending?.aborted) throw new Error(`The end never came. ${this.troubles.join(' ')}`)
      if (ending)
        await this.#connect({ atMostMs: 3_000, until: ({ frames }) => frames.some(({ caughtUp }) => caughtUp) })
      else await this.#connect({ atMostMs: this.#options.random.between(5, 600) })
    }
  }

  async #connect({ atMostMs, until = () => false }: Lasting): Promise<void> {
    const { where, token, detail, random } = this.#options
    const graphql = where()
    if (graphql === undefined) return void (await sleep(20))
    const reader = new InboxReader(new ApiClient(graphql, token), { after: this.#after, detail })
    this.connections++
    const end = performance.now() + atMostMs
    while (performance.now() < end && reader.error === undefined && !until(reader)) await sleep(5)
    await reader.close()
    if (reader.error instanceof Error) this.troubles.push(reader.error.message)
    for (const { reset, events, cursor } of reader.frames) {
      if (reset) this.troubles.push(`reset ${reset.reason}`)
      this.told.push(...events)
      this.#after = cursor
    }
    if (this.told.length === 0 || random.chance(0.5)) return
    // From the cursor of an event: mostly one of the last ones, sometimes one of long ago.
    const back = random.chance(0.1) ? this.told.length : Math.min(this.told.length, 20)
    const chosen = this.told[this.told.length - random.between(1, back)]
    if (!chosen) return
    const position = positionOf(chosen.cursor)
    // What is both comes as both, at once.
    this.told = this.told.filter((event) => positionOf(event.cursor) <= position)
    this.#after = chosen.cursor
  }
}
