// The SQL of every question. `alive()` stands first in each that may look at many rows: it is how they are stopped.

import type { Filter, Order, Query } from '../port.ts'
import { field } from './field.ts'
import { tableOf } from './file.ts'
import { translate } from './filter.ts'
import { idHash } from './idHash.ts'
import type { Question } from './message.ts'

const columns = 'n, id, revision, position, removed, doc'

export function findSql(collection: string, { filter = {}, sort = {}, limit, skip = 0 }: Query): Question {
  const { sql, parameters } = translate(filter)
  return {
    sql: `SELECT ${columns} FROM ${tableOf(collection)} WHERE alive() AND removed = 0 AND ${sql}
      ORDER BY ${orderBy(sort)} LIMIT ? OFFSET ?`,
    parameters: [...parameters, whole('limit', limit), whole('skip', skip)],
    wanted: 'documents',
  }
}

export function countSql(collection: string, filter: Filter, limit: number | undefined): Question {
  const { sql, parameters } = translate(filter)
  return {
    sql: `SELECT count(*) AS n FROM (SELECT 1 FROM ${tableOf(collection)} WHERE alive() AND removed = 0 AND ${sql} LIMIT ?)`,
    // -1: without a limit.
    parameters: [...parameters, limit === undefined ? -1 : whole('limit', limit)],
    wanted: 'number',
  }
}

export function sumSql(collection: string, name: string, filter: Filter): Question {
  const { sql, parameters } = translate(filter)
  const { value } = field(name)
  return {
    sql: `SELECT total(CASE WHEN typeof(${value}) IN ('integer', 'real') THEN ${value} ELSE 0 END) AS n
      FROM ${tableOf(collection)} WHERE alive() AND removed = 0 AND ${sql}`,
    parameters,
    wanted: 'number',
  }
}

export function idSql(collection: string, id: string): Question {
  return {
    sql: `SELECT ${columns} FROM ${tableOf(collection)} WHERE h = ? AND id = ?`,
    parameters: [idHash(id), id],
    wanted: 'documents',
  }
}

export function idsSql(collection: string, ids: readonly string[]): Question {
  return {
    sql: `SELECT ${columns} FROM ${tableOf(collection)} WHERE h IN (SELECT value FROM json_each(?))
      AND id IN (SELECT value FROM json_each(?))`,
    parameters: [JSON.stringify(ids.map(idHash)), JSON.stringify(ids)],
    wanted: 'documents',
  }
}

/** What stands in these rows. */
export function rowsSql(collection: string, rows: readonly number[]): Question {
  return {
    sql: `SELECT ${columns} FROM ${tableOf(collection)} WHERE n IN (SELECT value FROM json_each(?))`,
    parameters: [JSON.stringify(rows)],
    wanted: 'documents',
  }
}

/** Rows in the order in which they stand in the file, after row `n`. */
export function scanSql(collection: string, n: number, pageSize: number): Question {
  return {
    sql: `SELECT ${columns} FROM ${tableOf(collection)} WHERE alive() AND removed = 0 AND n > ? ORDER BY n LIMIT ?`,
    parameters: [n, whole('pageSize', pageSize)],
    wanted: 'documents',
  }
}

function orderBy(sort: Order): string {
  const terms = Object.entries(sort).map(([name, direction]) => `${field(name).value}${direction === 1 ? '' : ' DESC'}`)
  if (!('_id' in sort)) terms.push('id')
  return terms.join(', ')
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name} is ${value}, not a whole number from 0.`)
  return value
}
