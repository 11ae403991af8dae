// The results as a table for people.

import type { FileResult } from './playFile.ts'
import type { Verification } from './verify.ts'

export interface Report {
  readonly files: readonly FileResult[]
  readonly verifications: readonly Verification[]
  /** How often, and for how long in ms, the server asked to wait. */
  readonly waits: { readonly count: number; readonly ms: number }
  readonly seconds: number
}

export const differencesOf = ({ files, verifications }: Report): readonly string[] => [
  ...files.flatMap(({ file, differences }) => differences.map((difference) => `${file}: ${difference}`)),
  ...verifications.flatMap(({ what, differences }) => differences.map((difference) => `${what}: ${difference}`)),
]

type Row = readonly (string | number)[]

const heading: Row = [
  ...['file', 'lines', 'messages', 'joins', 'leaves', 'renames', 'notices', 'silent', 'people', 'events', 'added'],
  ...['repeated', 'steady', 'dropping', 'slow', 'drops', 'resumes', 'pauses', 'differences', 'seconds'],
]

function cells(result: FileResult): Row {
  const { lines, messages, joins, leaves, renames, notices, silent, people, events, added, repeated } = result
  const read = (manner: string) => result.readers.find((reader) => reader.manner === manner)
  return [
    ...[result.file, lines, messages, joins, leaves, renames, notices, silent, people, events, added, repeated],
    ...['steady', 'dropping', 'slow'].map((manner) => read(manner)?.events ?? 0),
    ...[read('dropping')?.drops ?? 0, read('dropping')?.resumes ?? 0, read('slow')?.pauses ?? 0],
    ...[result.differences.length, result.seconds],
  ]
}

/** The table, the totals under it, and what was verified. */
export function tableOf({ files, verifications, waits, seconds }: Report): string {
  const rows = files.map(cells)
  const totals = heading.map((_, column) =>
    column === 0 ? 'total' : rows.reduce((sum, row) => sum + Number(row[column]), 0),
  )
  const checks = verifications.map(
    ({ what, documents, seconds: took, differences }) =>
      `projections ${what}: ${differences.length} differences${documents > 0 ? ` in ${documents} documents` : ''}, ${took.toFixed(1)} s`,
  )
  return [
    ...aligned([heading, ...rows, totals]),
    '',
    ...checks,
    `waits asked for by the server: ${waits.count}, ${(waits.ms / 1000).toFixed(0)} s`,
    `in all: ${seconds.toFixed(1)} s`,
  ].join('\n')
}

function aligned(rows: readonly Row[]): readonly string[] {
  const texts = rows.map((row) => row.map((cell) => (Number.isInteger(cell) ? `${cell}` : shown(cell))))
  const widths = heading.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)))
  return texts.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}

const shown = (cell: string | number): string => (typeof cell === 'number' ? cell.toFixed(1) : cell)
