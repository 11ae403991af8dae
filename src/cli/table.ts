// Tables for people. Scripts use --json.

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string | number
}

/** Lines of a table with a heading; columns whose cells are all numbers are aligned to the right. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): readonly string[] {
  const drawn = columns.map(({ title, cell }) => {
    const cells = rows.map(cell)
    const right = cells.length > 0 && cells.every((value) => typeof value === 'number')
    const texts = [title, ...cells.map((value) => shown(value))]
    const width = Math.max(...texts.map((text) => text.length))
    return texts.map((text) => (right ? text.padStart(width) : text.padEnd(width)))
  })
  return Array.from({ length: rows.length + 1 }, (_, line) =>
    drawn
      .map((column) => column[line])
      .join('  ')
      .trimEnd(),
  )
}

const shown = (value: string | number): string => (typeof value === 'number' ? value.toLocaleString('en-US') : value)
