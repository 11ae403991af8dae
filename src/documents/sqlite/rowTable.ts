// Where the documents of a collection that is being filled stand: ids are random, so an index kept in the file would be
// changed all over for every transaction (3.5 µs a document and most of the write-ahead log, against 0.3 µs here).
//
// The writer adds, the calling thread reads the same memory. An entry is only a hint: it says in which row an id may
// stand, and whoever follows it compares the id in the row. So nothing is ever taken out, not for a row that moved nor
// for a transaction that was undone, and a reader finds the right row whatever of it has been committed.

const slotBytes = 8
const fewestSlots = 2 ** 12
/** 32 MiB: three million documents. */
const mostSlots = 2 ** 22

/** Open addressing: two numbers a slot, 32 bits of the id's hash and the row number, 0 where the slot is free. */
export class RowTable {
  #memory: SharedArrayBuffer
  #words: Uint32Array
  #mask: number
  #used = 0
  readonly #mostSlots: number

  /** @param memory of a table that another thread writes; without it the table is new */
  constructor(memory = new SharedArrayBuffer(fewestSlots * slotBytes), limit = mostSlots) {
    this.#memory = memory
    this.#words = new Uint32Array(memory)
    this.#mask = memory.byteLength / slotBytes - 1
    this.#mostSlots = limit
  }

  /** Another one after the table has grown. */
  get memory(): SharedArrayBuffer {
    return this.#memory
  }

  /** Whether it holds as much as it may: from then on an index in the file is the better place. */
  get full(): boolean {
    return this.#used * 4 >= this.#mostSlots * 3
  }

  /** @param hash of the id, see `idHash.ts` @param row from 1 */
  add(hash: number, row: number): void {
    if (this.#used * 4 >= (this.#mask + 1) * 3) this.#grow()
    this.#put(hash >>> 0, row)
    this.#used += 1
  }

  /** Rows in which a document with this hash may stand. */
  rows(hash: number): readonly number[] {
    const tag = hash >>> 0
    let found: number[] | undefined
    for (let slot = tag & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const row = this.#words[slot * 2 + 1]
      if (!row) return found ?? none
      if (this.#words[slot * 2] !== tag) continue
      found ??= []
      found.push(row)
    }
  }

  #put(tag: number, row: number): void {
    let slot = tag & this.#mask
    while (this.#words[slot * 2 + 1]) slot = (slot + 1) & this.#mask
    this.#words[slot * 2] = tag
    this.#words[slot * 2 + 1] = row
  }

  #grow(): void {
    const old = this.#words
    this.#memory = new SharedArrayBuffer(this.#memory.byteLength * 2)
    this.#words = new Uint32Array(this.#memory)
    this.#mask = this.#memory.byteLength / slotBytes - 1
    for (let at = 0; at < old.length; at += 2) {
      const row = old[at + 1]
      if (row) this.#put(old[at] ?? 0, row)
    }
  }
}

const none: readonly number[] = []
