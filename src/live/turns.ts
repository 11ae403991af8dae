// What many want at once, a few of them in each turn of the event loop, so that others come in between.

export class Turns {
  readonly #each: number
  readonly #waiting: (() => void)[] = []
  #left: number
  #next: NodeJS.Immediate | undefined

  /** @param each so many in one turn */
  constructor(each: number) {
    this.#each = each
    this.#left = each
  }

  /** Resolves when it is one's turn, in the order of asking; undefined where that is now. */
  take(): Promise<void> | undefined {
    this.#next ??= setImmediate(() => this.#turn())
    if (this.#left > 0 && this.#waiting.length === 0) {
      this.#left--
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #turn(): void {
    this.#next = undefined
    this.#left = this.#each
    const now = this.#waiting.splice(0, this.#each)
    this.#left -= now.length
    if (now.length > 0) this.#next = setImmediate(() => this.#turn())
    for (const resolve of now) resolve()
  }
}
