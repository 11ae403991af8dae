// Random choices that can be replayed: every one of them follows from a seed.

/** The seed of this run: SEED in the environment, or a new one. Print it. */
export const chosenSeed = (): number => Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Numbers that follow from a seed. Mulberry32, by Tommy Ettinger, in the public domain. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `least` up to and including `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** @throws RangeError where there is nothing to choose from */
  pick<T>(from: readonly T[]): T {
    const index = this.between(0, from.length - 1)
    const chosen = from[index]
    if (index >= from.length || chosen === undefined) throw new RangeError('There is nothing to choose from.')
    return chosen
  }

  /** By weight. */
  weighted<T extends string>(weights: { readonly [K in T]: number }): T {
    // The keys of an object literal are those of its type.
    const entries = Object.entries(weights) as [T, number][]
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    throw new RangeError('No weight is above 0.')
  }

  /** Numbers of their own for somebody who works at the same time as others. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32))
  }
}
