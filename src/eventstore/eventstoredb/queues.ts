// What waits for each stream, in the order in which it was asked for. One round at a time works on a stream, on as many
// of those that wait there as it likes, beginning with the first.

export interface Waiting<A, R> {
  readonly item: A
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/** Settles at least the first of those that wait, and says how many it has settled. Never throws. */
export type Round<A, R> = (waiting: readonly Waiting<A, R>[]) => Promise<number>

export class Queues<A, R> {
  readonly #round: Round<A, R>
  readonly #waiting = new Map<string, Waiting<A, R>[]>()
  readonly #running = new Set<Promise<void>>()

  constructor(round: Round<A, R>) {
    this.#round = round
  }

  add(stream: string, item: A): Promise<R> {
    return new Promise((resolve, reject) => {
      const waiting = { item, resolve, reject }
      const queue = this.#waiting.get(stream)
      if (queue !== undefined) {
        queue.push(waiting)
        return
      }
      const begun = [waiting]
      this.#waiting.set(stream, begun)
      const running: Promise<void> = this.#run(stream, begun).then(() => {
        this.#running.delete(running)
      })
      this.#running.add(running)
    })
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #run(stream: string, queue: Waiting<A, R>[]): Promise<void> {
    while (queue.length > 0) queue.splice(0, await this.#round(queue))
    this.#waiting.delete(stream)
  }
}
