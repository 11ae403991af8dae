// The bus between the nodes: small messages that nobody keeps. Whoever misses one is not told again.

/** A JSON object of some hundred bytes. */
export type BusMessage = { readonly [key: string]: string | number | boolean }

export interface Bus {
  /** Tells every node, this one included. */
  publish(topic: string, message: BusMessage): void
  /** Dispose of it to hear no more. */
  subscribe(topic: string, onMessage: (message: BusMessage) => void): Disposable
  /** Whether what is said is heard; if not, a sentence that says why. Nobody waits for it: everything else goes on. */
  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string }
  close(): Promise<void>
}

/** Who listens to what on this node. */
export class BusListeners {
  readonly #listeners = new Map<string, Set<(message: BusMessage) => void>>()

  tell(topic: string, message: BusMessage): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(message)
  }

  add(topic: string, onMessage: (message: BusMessage) => void): Disposable {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(onMessage))
    return {
      [Symbol.dispose]: () => {
        listeners.delete(onMessage)
        if (listeners.size === 0) this.#listeners.delete(topic)
      },
    }
  }
}

/** For a server that is one node. */
export class LocalBus implements Bus {
  readonly #listeners = new BusListeners()

  publish(topic: string, message: BusMessage): void {
    this.#listeners.tell(topic, message)
  }

  subscribe(topic: string, onMessage: (message: BusMessage) => void): Disposable {
    return this.#listeners.add(topic, onMessage)
  }

  health(): { readonly ready: true } {
    return { ready: true }
  }

  async close(): Promise<void> {}
}
