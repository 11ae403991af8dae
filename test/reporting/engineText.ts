// The table of suites and engines as a terminal shows it, and as the documentation has it.

import type { Count } from './engineRows.ts'

const columns = ['suite', 'engine', 'passed', 'skipped', 'failed'] as const

const cells = ({ row: { suite, engine }, passed, skipped, failed }: Count): readonly string[] =>
  passed + skipped + failed === 0
    ? [suite, engine, 'not run', '', '']
    : [suite, engine, String(passed), String(skipped), String(failed)]

/** In columns, one line a row, with a line of titles. */
export function terminalTable(counts: readonly Count[]): string {
  const rows = [columns, ...counts.map(cells)]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export const markdownTable = (counts: readonly Count[]): string =>
  [columns, columns.map((_, column) => (column < 2 ? '---' : '---:')), ...counts.map(cells)]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')

const [begin, end] = ['<!-- suites and engines: begin -->', '<!-- suites and engines: end -->']

/**
 * A page with the table between its two marks.
 * @throws {Error} the page has no such marks
 */
export function withTable(page: string, table: string): string {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`There is no ${begin} with ${end} after it.`)
  return `${before}${begin}\n\n${table}\n\n${end}${after}`
}

/** The suite and engine of each row of a page's table. @throws {Error} as withTable */
export function tableRows(page: string): readonly (readonly [suite: string, engine: string])[] {
  const table = page.split(begin)[1]?.split(end)[0]
  if (table === undefined) throw new Error(`There is no ${begin}.`)
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map(
    ([, suite = '', engine = '']) => [suite, engine] as const,
  )
  // The titles, and the line below them.
  return rows.slice(2)
}
