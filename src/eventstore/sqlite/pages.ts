// The statements that read. Used on the reading thread, and on the main thread for what is small.

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { idOfHex } from './ids.ts'
import type { PageRequest, Rows, Value } from './protocol.ts'

const columns = `
  e.position, s.name, e.revision, hex(e.id), e.type, e.data, iif(typeof(b.text) = 'text', b.text, NULL), e.metadata
`
/** The same as JSON, all in one text: SQLite joins what it has read at a fraction of what as many JavaScript strings cost. */
const asJson = `concat('[', e.position, ',', json_quote(s.name), ',', e.revision, ',"',
  lower(concat(hex(substr(e.id, 1, 4)), '-', hex(substr(e.id, 5, 2)), '-', hex(substr(e.id, 7, 2)), '-',
    hex(substr(e.id, 9, 2)), '-', hex(substr(e.id, 11)))),
  '",', json_quote(e.type), ',', e.data, ',', iif(typeof(b.text) = 'text', b.text, 'null'), ',', e.metadata, ']')`
const joined = 'events e JOIN streams s ON s.id = e.stream LEFT JOIN bodies b ON b.slot = e.body'

export interface StoredHead {
  readonly revision: number
  readonly position: number
  readonly id: string
}

export class Pages {
  readonly #allAsJson
  readonly #all
  readonly #allBackwards
  readonly #stream
  readonly #streamBackwards
  readonly #at
  readonly #key
  readonly #head
  readonly #oldest
  readonly #atOrAbove
  readonly #end

  constructor(database: DatabaseSync) {
    const rows = (sql: string) => {
      const statement = database.prepare(sql)
      statement.setReturnArrays(true)
      return statement
    }
    const within = 'e.stream = ? AND e.revision BETWEEN ? AND ?'
    this.#allAsJson = rows(`SELECT group_concat(json, ',') FROM
      (SELECT ${asJson} AS json FROM ${joined} WHERE e.position > ? ORDER BY e.position LIMIT ?)`)
    this.#all = rows(`SELECT ${columns} FROM ${joined} WHERE e.position > ? ORDER BY e.position LIMIT ?`)
    this.#allBackwards = rows(`SELECT ${columns} FROM ${joined} WHERE e.position < ? ORDER BY e.position DESC LIMIT ?`)
    this.#stream = rows(`SELECT ${columns} FROM ${joined} WHERE ${within} ORDER BY e.revision LIMIT ?`)
    this.#streamBackwards = rows(`SELECT ${columns} FROM ${joined} WHERE ${within} ORDER BY e.revision DESC LIMIT ?`)
    this.#at = rows(`SELECT ${columns} FROM ${joined} WHERE e.position = ?`)
    this.#key = database.prepare('SELECT id FROM streams WHERE name = ?')
    this.#head = database.prepare(
      'SELECT revision, position, hex(id) AS id FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1',
    )
    this.#oldest = database.prepare('SELECT revision FROM events WHERE stream = ? ORDER BY revision LIMIT 1')
    this.#atOrAbove = database.prepare(
      'SELECT revision, position FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT 1',
    )
    this.#end = database.prepare('SELECT max(position) AS position FROM events')
  }

  page(request: PageRequest): Rows {
    if (request.kind === 'all') {
      return flat((request.backwards ? this.#allBackwards : this.#all).all(request.after, request.limit))
    }
    const key = this.#keyOf(request.stream)
    if (key === undefined) return []
    const from = request.after === 0 ? request.from : Math.max(request.from, this.#firstAfter(key, request.after))
    const statement = request.backwards ? this.#streamBackwards : this.#stream
    return flat(statement.all(key, from, request.to, request.limit))
  }

  /**
   * A page of the whole log, forwards, as the text of one array of rows. Where stored bytes are damaged it is no JSON, or
   * not of that form.
   */
  text(after: number, limit: number): string {
    // setReturnArrays makes the row an array, which its types do not say.
    const [text] = this.#allAsJson.get(after, limit) as unknown as [string | null]
    return `[${text ?? ''}]`
  }

  /** One row, or none. */
  at(position: number): Rows {
    return flat(this.#at.all(position))
  }

  head(stream: string): StoredHead | undefined {
    const key = this.#keyOf(stream)
    const row = key === undefined ? undefined : this.#head.get(key)
    if (row === undefined) return undefined
    return { revision: Number(row.revision), position: Number(row.position), id: idOfHex(String(row.id)) }
  }

  /** Position of the newest event; 0 where there is none. */
  end(): number {
    return Number(this.#end.get()?.position ?? 0)
  }

  #keyOf(stream: string): number | undefined {
    const key = this.#key.get(stream)?.id
    return typeof key === 'number' ? key : undefined
  }

  /** The first revision whose event stands after a position. Halving needs no index by position. */
  #firstAfter(key: number, position: number): number {
    const head = this.#head.get(key)
    if (head === undefined || Number(head.position) <= position) return Number.MAX_SAFE_INTEGER
    let low = Number(this.#oldest.get(key)?.revision ?? 0)
    let high = Number(head.revision)
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const found = this.#atOrAbove.get(key, middle)
      if (found === undefined || Number(found.position) > position) high = middle
      else low = Number(found.revision) + 1
    }
    return low
  }
}

function flat(rows: unknown[]): Value[] {
  const values: Value[] = []
  // setReturnArrays makes each row an array, which its types do not say; the columns are as above.
  for (const row of rows as SQLOutputValue[][]) {
    for (const [index, value] of row.entries()) values.push(index === 3 ? idOfHex(value as string) : (value as Value))
  }
  return values
}
