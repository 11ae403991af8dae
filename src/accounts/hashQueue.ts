// A bounded line for costly work that is fair between addresses.

/** The line is full. Nothing was done; it may be tried again in some seconds. */
export class TooBusy extends Error {
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super(`Too many passwords are being checked at the moment. Try again in ${retryAfterSeconds} s.`)
    this.name = 'TooBusy'
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export interface HashQueueOptions {
  /** How many run at once. */
  readonly atOnce: number
  /** How many may wait in all, and from one address. */
  readonly waiting: number
  readonly waitingPerAddress: number
  /** About how long one takes, in ms: what those who are refused are told rests on it. */
  readonly expectedMs: number
}

/** Whoever waits: `start` begins the work. */
interface Waiting {
  start(): void
}

/** The addresses that wait take turns; work from the same address is done in its order. */
export class HashQueue {
  readonly #options: HashQueueOptions
  /** In the order of their next turns. No list is empty. */
  readonly #lines = new Map<string, Waiting[]>()
  #waiting = 0
  #running = 0

  constructor(options: HashQueueOptions) {
    this.#options = options
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Runs the work when it is its turn.
   * @param signal ends the waiting, with its reason; work that has begun is finished
   * @throws TooBusy at once, where the line is full
   */
  async run<T>(address: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.#running < this.#options.atOnce) this.#running++
    else await this.#turn(address, signal)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** Waits. Whoever finished before has left its place to the one that begins, so the places are never miscounted. */
  #turn(address: string, signal: AbortSignal | undefined): Promise<void> {
    const line = this.#lines.get(address) ?? []
    if (this.#waiting >= this.#options.waiting || line.length >= this.#options.waitingPerAddress)
      return Promise.reject(new TooBusy(this.#secondsToWait()))
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      const leave = () => {
        line.splice(line.indexOf(waiting), 1)
        if (line.length === 0) this.#lines.delete(address)
        this.#waiting--
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      line.push(waiting)
      this.#lines.set(address, line)
      this.#waiting++
    })
  }

  #next(): void {
    for (const [address, line] of this.#lines) {
      const first = line.shift()
      // To the end of the turns, where more is waiting.
      this.#lines.delete(address)
      if (line.length > 0) this.#lines.set(address, line)
      if (first === undefined) continue
      this.#waiting--
      first.start()
      return
    }
    this.#running--
  }

  #secondsToWait(): number {
    return Math.max(1, Math.ceil((this.#waiting * this.#options.expectedMs) / this.#options.atOnce / 1000))
  }
}
