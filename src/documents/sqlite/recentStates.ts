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
  /** How many calls are under way that write to a collection which is being filled. */
  readonly #filling = new Map<string, number>()

  get(collection: string, id: string): Known | undefined {
    return this.#known.get(keyOf(collection, id))
  }

  /** @param length of its JSON, 0 where there is none */
  found(collection: string, id: string, known: Known, length: number): void {
    if (length > longest || this.#filling.has(collection)) return
    const key = keyOf(collection, id)
    if (!this.#underWay.has(key)) this.#known.set(key, known)
  }

  /**
   * Around the write: what it touches is read from the file meanwhile.
   * @param beingFilled of such a collection nothing was found yet, and nothing is kept: a name for each document would be a large
   * part of what filling it costs here
   */
  async during(
    writes: readonly Write[],
    beingFilled: (collection: string) => boolean,
    write: () => Promise<void>,
  ): Promise<void> {
    const filling = [...new Set(writes.map(({ collection }) => collection))].filter(beingFilled)
    const others = filling.length === 0 ? writes : writes.filter(({ collection }) => !filling.includes(collection))
    const keys = others.map(({ collection, id }) => keyOf(collection, id))
    for (const key of keys) this.#known.delete(key)
    begin(this.#underWay, keys)
    begin(this.#filling, filling)
    try {
      await write()
    } finally {
      end(this.#underWay, keys)
      end(this.#filling, filling)
    }
  }

  /** A collection was dropped or made. */
  clear(): void {
    this.#known.clear()
  }
}

function begin(counts: Map<string, number>, names: readonly string[]): void {
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
}

function end(counts: Map<string, number>, names: readonly string[]): void {
  for (const name of names) {
    const left = (counts.get(name) ?? 1) - 1
    if (left === 0) counts.delete(name)
    else counts.set(name, left)
  }
}

const keyOf = (collection: string, id: string): string => `${collection}/${id}`
