// Remembers, in fixed memory, which documents cannot have been written yet: a new build need not look for them.

/** 4 MiB: of a million ids, fewer than one in a thousand is looked for in vain. */
const bits = 2 ** 25

/** A Bloom filter (Burton H. Bloom, 1970) with three probes. */
export class AbsentFilter {
  readonly #words = new Uint32Array(bits / 32)

  add(id: string): void {
    const first = hash(id)
    const step = spread(first)
    for (let probe = 0, at = first; probe < 3; probe++, at = (at + step) | 0) {
      const bit = at & (bits - 1)
      const word = bit >>> 5
      this.#words[word] = (this.#words[word] ?? 0) | (1 << (bit & 31))
    }
  }

  /** False only where the id was never added. */
  mayHold(id: string): boolean {
    const first = hash(id)
    const step = spread(first)
    for (let probe = 0, at = first; probe < 3; probe++, at = (at + step) | 0) {
      const bit = at & (bits - 1)
      if (((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }
}

/** FNV-1a over the UTF-16 units, then murmur3's finish. */
function hash(id: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < id.length; index++) value = Math.imul(value ^ id.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return value ^ (value >>> 16)
}

const spread = (value: number): number => Math.imul(value ^ (value >>> 15), 0x9e3779b1) | 1
