// Feeds that are pulled, and keep nothing for whoever waits until there is something again.

/** Who pulls, and is told when there may be something again. */
export interface Waiter {
  resume(): void
}

/** Whether something may have come since it was last looked, and who is to hear of it. */
export class News {
  #come = false
  #waiter: Waiter | undefined

  get come(): boolean {
    return this.#come
  }

  /** Before anything is read: what comes during the read is looked for. */
  look(): void {
    this.#come = false
  }

  /** Told once. */
  tell(waiter: Waiter): void {
    this.#waiter = waiter
  }

  ring(): void {
    this.#come = true
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resume()
  }
}

/** Pulls until there is something. */
export async function pulled<T>(pull: (waiter: Waiter) => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const taken = await pull({ resume: resolve })
    if (taken !== undefined) return taken
    await promise
  }
}
