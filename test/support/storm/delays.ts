// Counts of delays, by steps of 0.5 ms up to 100 s: millions of them take no more room than one.

const stepMs = 0.5

export class Delays {
  readonly #counts = new Uint32Array(200_000)
  #total = 0

  add(ms: number): void {
    const step = Math.min(this.#counts.length - 1, Math.max(0, Math.floor(ms / stepMs)))
    this.#counts[step] = (this.#counts[step] ?? 0) + 1
    this.#total++
  }

  /** @param share from 0 to 1. @returns ms; 0 where nothing was counted */
  percentile(share: number): number {
    let left = this.#total * share
    for (const [step, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0 && this.#total > 0) return (step + 1) * stepMs
    }
    return 0
  }
}
