// The bus between the nodes: small messages that nobody keeps. Whoever misses one is not told again.

/** A JSON object of some hundred bytes. */
export type BusMessage = { readonly [key: string]: string | number | boolean }

export interface Bus {
  /** Tells every node, this one included. */
  publish(topic: string, message: BusMessage): void
  /** Dispose of it to hear no more. */
  subscribe(topic: string, onMessage: (message: BusMessage) => void): Disposable
}

/** For a server that is one node. */
export class LocalBus implements Bus {
  readonly #listeners = new Map<string, Set<(message: BusMessage) => void>>()

  publish(topic: string, message: BusMessage): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(message)
  }

  subscribe(topic: string, onMessage: (message: BusMessage) => void): Disposable {
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
