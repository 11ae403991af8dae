// Where streams end, as far as this node knows. Other nodes append too: what is known here may be old, never wrong about
// what was there.

import type { Position, Revision } from '../port.ts'

export interface Head {
  readonly revision: Revision
  readonly position: Position
  readonly id: string
  /** Whether its body is sealed, so that there is a key. */
  readonly sealed: boolean
  /** The sealed event that it has superseded, where that one's key is not known to be removed. */
  readonly superseded: string | undefined
}

export class Heads {
  readonly #limit: number
  /** The one used longest ago comes first. */
  readonly #known = new Map<string, Head>()

  constructor(limit = 20_000) {
    this.#limit = limit
  }

  get(stream: string): Head | undefined {
    return this.#known.get(stream)
  }

  set(stream: string, head: Head): void {
    this.#known.delete(stream)
    this.#known.set(stream, head)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#limit) return
      this.#known.delete(oldest)
    }
  }

  delete(stream: string): void {
    this.#known.delete(stream)
  }
}
