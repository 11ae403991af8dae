// One copy of texts that come again and again.

/**
 * Gives those that came lately as the copy that came first. JSON makes a new one each time, and V8 looks every new one up among all
 * texts that it knows before it serves as the key of a map or of an object: half a microsecond, several times what the map takes.
 */
export class Canonical {
  readonly #texts: string[]
  readonly #mask: number

  /** @param slots a power of two: so many are known at most */
  constructor(slots: number) {
    this.#texts = new Array<string>(slots).fill('')
    this.#mask = slots - 1
  }

  of(text: string): string {
    const slot = spread(text) & this.#mask
    const known = this.#texts[slot]
    if (known === text) return known
    this.#texts[slot] = text
    return text
  }
}

/** Ids differ at their ends, and two of them in one text in its middle, too. */
function spread(text: string): number {
  const { length } = text
  let value = length
  for (let at = Math.max(0, length - 4); at < length; at++) value = Math.imul(value, 31) + text.charCodeAt(at)
  const middle = length >> 1
  for (let at = Math.max(0, middle - 4); at < middle; at++) value = Math.imul(value, 31) + text.charCodeAt(at)
  return value ^ (value >>> 15)
}
