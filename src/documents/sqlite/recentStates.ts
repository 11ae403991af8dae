// What was found last by id, so that asking again reads no file. This process is the only one that writes the file, so what
// was found stays true until a write to it begins; from then on until that write has ended nothing about it is kept.

import { LRUCache } from 'lru-cache'
import type { StoredState, Write } from '../port.ts'

/** With what it takes in memory besides, some MB. */
const mostStates = 5_000
/** Longer documents are not kept, in UTF-16 units of JSON. */
const longest = 8_000

/** Also that there is nothing with an id. */
type Known = StoredState<unknown> | 'absent'

export class RecentStates {
  // Given as `max`, the library would set all places aside at every start.
  readonly #known = new LRUCache<string, Known>({ maxSize: mostStates, sizeCalculation: () => 1 })
  /** How many writes to a document are under way. */
  readonly #underWay = new Map<string, number>()

  get(collection: string, id: string): Known | undefined {
    return this.#known.get(keyOf(collection, id))
  }

  /** @param length of its JSON, 0 where there is none */
  found(collection: string, id: string, known: Known, length: number): void {
    const key = keyOf(collection, id)
    if (length <= longest && !this.#underWay.has(key)) this.#known.set(key, known)
  }

  /** Around the write: what it touches is read from the file meanwhile. */
  async during(writes: readonly Write[], write: () => Promise<void>): Promise<void> {
    const keys = writes.map(({ collection, id }) => keyOf(collection, id))
    for (const key of keys) {
      this.#known.delete(key)
      this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1)
    }
    try {
      await write()
    } finally {
      for (const key of keys) this.#ended(key)
    }
  }

  /** A collection was dropped or made. */
  clear(): void {
    this.#known.clear()
  }

  #ended(key: string): void {
    const left = (this.#underWay.get(key) ?? 1) - 1
    if (left === 0) this.#underWay.delete(key)
    else this.#underWay.set(key, left)
  }
}

const keyOf = (collection: string, id: string): string => `${collection}/${id}`
