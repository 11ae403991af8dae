// Percentiles and histograms of samples in ms.

export interface Summary {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  /** Edges in ms, each with how many samples lie at or below it and above the quarter smaller edge before; empty ones left out. */
  readonly histogram: readonly (readonly [edge: number, samples: number])[]
}

/** @param q from 0 to 1. NaN where there are no samples. */
export function quantile(samples: readonly number[], q: number): number {
  return ofSorted(
    samples.toSorted((a, b) => a - b),
    q,
  )
}

const ofSorted = (sorted: readonly number[], q: number): number =>
  sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN

export function summary(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (q: number) => rounded(ofSorted(sorted, q))
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), histogram: histogram(sorted) }
}

/** The smallest edge is a thousandth of a ms. */
function histogram(sorted: readonly number[]): [number, number][] {
  const counts: [number, number][] = []
  let edge = 0.001
  let counted = 0
  for (let index = 0; index < sorted.length; index++) {
    const next = sorted[index + 1]
    if (next !== undefined && next <= edge) continue
    while ((sorted[index] ?? 0) > edge) edge *= 1.25
    if (next !== undefined && next <= edge) continue
    counts.push([Number(edge.toPrecision(3)), index + 1 - counted])
    counted = index + 1
  }
  return counts
}

/** Two places below ten, one below a hundred. */
export const rounded = (ms: number): number => Number(ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0))
