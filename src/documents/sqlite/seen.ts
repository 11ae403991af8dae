// Which documents a collection may hold that was made in this life of the writer: while it is filled, nearly every
// document is new, and need not be looked for in its index.

/** 4 MiB: of a million ids, fewer than one in a thousand is looked for in vain. */
const bits = 2 ** 25

/** A Bloom filter (Burton H. Bloom, 1970) with three probes, over the numbers of `idHash.ts`. */
export class Seen {
  readonly #words = new Uint32Array(bits / 32)

  /** Adds it. @returns false only where it was never added before */
  add(hash: number): boolean {
    let at = hash | 0
    const step = Math.imul((hash / 0x1_0000_0000) | 0, 0x9e3779b1) | 1
    let seen = true
    for (let probe = 0; probe < 3; probe++) {
      const bit = at & (bits - 1)
      const word = this.#words[bit >>> 5] ?? 0
      const mask = 1 << (bit & 31)
      if ((word & mask) === 0) {
        seen = false
        this.#words[bit >>> 5] = word | mask
      }
      at = (at + step) | 0
    }
    return seen
  }
}
