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
    const deadline = () => AbortSignal.timeout(20_000)
    let ending: AbortSignal | undefined
    for (;;) {
      if (this.#stopped) ending ??= deadline()
      if (ending && this.told.some(isLast)) return
      if (ending?.aborted) throw new Error(`The end never came. ${this.troubles.join(' ')}`)
      await this.#connect(ending === undefined ? this.#options.random.between(5, 600) : 300)
    }
  }

  async #connect(lastsMs: number): Promise<void> {
    const { where, token, detail, random } = this.#options
    const graphql = where()
    if (graphql === undefined) return void (await sleep(20))
    const reader = new InboxReader(new ApiClient(graphql, token), { after: this.#after, detail })
    this.connections++
    const until = performance.now() + lastsMs
    while (performance.now() < until && reader.error === undefined) await sleep(5)
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
