// What a bench gives back, and how it is shown.

import type { Summary } from './samples.ts'

export interface BenchResult {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
  /** Whether every target was reached. */
  readonly reached: boolean
  /** The targets, and what one must know to read the table. */
  readonly note?: string
  /** What was sampled, by name, for the file of results. */
  readonly samples?: Readonly<Record<string, Summary>>
}

export interface BenchOptions {
  /** Fewer trials and shorter ones, to see that it runs. Its figures say little. */
  readonly quick?: boolean
  /** A folder for CPU profiles of the server. */
  readonly profile?: string | undefined
  /** The server runs on the engines of a cluster, where the bench can have that. */
  readonly cluster?: boolean
  /** So many instead of the usual three. */
  readonly trials?: number | undefined
}

/** How long and how often, by the options. */
export const lengthsOf = <L extends { readonly trials: number }>(
  { quick, trials }: BenchOptions,
  { full, short }: { readonly full: L; readonly short: L },
): L => {
  const lengths = quick ? short : full
  return trials === undefined ? lengths : { ...lengths, trials }
}

export function print({ name, columns, rows, reached, note }: BenchResult): void {
  console.log(`\n${name}`)
  console.table(rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))))
  if (note) console.log(note)
  console.log(`${name}: ${reached ? 'reached' : 'NOT reached'}`)
}
