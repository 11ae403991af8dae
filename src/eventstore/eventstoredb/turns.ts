// One thing at a time for each stream, in the order in which it was asked for.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Waits for those that came before it on this stream, then runs. */
  take<T>(stream: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(stream)
    const result = before === undefined ? run() : before.then(run, run)
    const settled: Promise<void> = result.then(
      () => this.#leave(stream, settled),
      () => this.#leave(stream, settled),
    )
    this.#last.set(stream, settled)
    return result
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }

  #leave(stream: string, settled: Promise<unknown>): void {
    if (this.#last.get(stream) === settled) this.#last.delete(stream)
  }
}
