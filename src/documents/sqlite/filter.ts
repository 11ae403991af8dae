// Translates a filter to SQL. Every term is exact about types and can be served by an index at the same time: the
// value of a field sorts by type first, so that the border of a type is a bound like any other.

import type { Filter } from '../port.ts'
import { blobs, type Field, field } from './field.ts'
import { idHash } from './idHash.ts'

export type Parameter = string | number

export interface Translated {
  readonly sql: string
  /** In the order of their question marks. */
  readonly parameters: readonly Parameter[]
}

/** @throws {TypeError} a field or an operator that the port does not have, or a value that no field can have */
export function translate(filter: Filter): Translated {
  const parameters: Parameter[] = []
  return { sql: all(filter, parameters), parameters }
}

function all(filter: Filter, parameters: Parameter[]): string {
  const terms = Object.entries(filter).map(([key, condition]) => {
    if (key === '$and') return several(filter.$and, 'AND', parameters)
    if (key === '$or') return several(filter.$or, 'OR', parameters)
    return conditions(key, condition, parameters)
  })
  return terms.length === 0 ? '1' : terms.join(' AND ')
}

function several(filters: readonly Filter[] | undefined, word: 'AND' | 'OR', parameters: Parameter[]): string {
  if (!filters || filters.length === 0) throw new TypeError(`$${word.toLowerCase()} needs at least one filter.`)
  return `(${filters.map((filter) => `(${all(filter, parameters)})`).join(` ${word} `)})`
}

function conditions(name: string, condition: unknown, parameters: Parameter[]): string {
  const subject = field(name)
  if (condition === null || typeof condition !== 'object' || Array.isArray(condition))
    return equal(subject, condition, parameters)
  const operators = Object.entries(condition)
  if (operators.length === 0) throw new TypeError(`The condition on ${name} is empty.`)
  return operators.map(([operator, operand]) => compare(name, subject, operator, operand, parameters)).join(' AND ')
}

function compare(name: string, subject: Field, operator: string, operand: unknown, parameters: Parameter[]): string {
  switch (operator) {
    case '$eq':
      return equal(subject, operand, parameters)
    case '$ne':
      return different(subject, operand, parameters)
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return range(subject, operator, operand, parameters)
    case '$in':
      return oneOf(subject, operand, parameters)
    case '$exists':
      if (typeof operand !== 'boolean') break
      return operand ? subject.exists : `NOT (${subject.exists})`
  }
  throw new TypeError(`The condition on ${name} has no meaning: ${operator} ${String(operand)}.`)
}

function equal(subject: Field, operand: unknown, parameters: Parameter[]): string {
  if (operand === null) return `${subject.value} IS NULL`
  if (typeof operand === 'boolean') return subject.always ? '0' : `${subject.value} = ${blobs[`${operand}`]}`
  if (!isComparable(operand)) throw new TypeError(`A field cannot be compared with ${String(operand)}.`)
  // A column would turn '5' into 5 to compare it: what has another type is settled here.
  if (subject.always && subject.always !== typeof operand) return '0'
  if (subject.value === 'id') {
    parameters.push(idHash(String(operand)), operand)
    return '(h = ? AND id = ?)'
  }
  parameters.push(operand)
  return `${subject.value} = ?`
}

function different(subject: Field, operand: unknown, parameters: Parameter[]): string {
  if (operand === null) return `${subject.value} IS NOT NULL`
  if (typeof operand === 'boolean') return subject.always ? '1' : `${subject.value} IS NOT ${blobs[`${operand}`]}`
  if (!isComparable(operand)) throw new TypeError(`A field cannot be compared with ${String(operand)}.`)
  if (subject.always && subject.always !== typeof operand) return '1'
  parameters.push(operand)
  return `${subject.value} IS NOT ?`
}

const signs = { $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' } as const

function range(subject: Field, operator: keyof typeof signs, operand: unknown, parameters: Parameter[]): string {
  if (!isComparable(operand))
    throw new TypeError(`${operator} compares with a text or a number, not ${String(operand)}.`)
  if (subject.always && subject.always !== typeof operand) return '0'
  parameters.push(operand)
  const bound = `${subject.value} ${signs[operator]} ?`
  if (subject.always) return bound
  // '' is the least text and x'' the least blob; below a number there is only NULL, which compares with nothing.
  if (operator === '$gt' || operator === '$gte') {
    return `${bound} AND ${subject.value} < ${typeof operand === 'number' ? "''" : "x''"}`
  }
  return typeof operand === 'number' ? bound : `${bound} AND ${subject.value} >= ''`
}

function oneOf(subject: Field, operand: unknown, parameters: Parameter[]): string {
  if (!Array.isArray(operand)) throw new TypeError('$in takes an array.')
  const values: readonly unknown[] = operand
  const alternatives: string[] = []
  const comparable = values.filter(isComparable).filter((value) => !subject.always || subject.always === typeof value)
  if (comparable.length > 0) {
    // One parameter whatever the length, so that statements can be kept.
    const listed = `${subject.value} IN (SELECT value FROM json_each(?))`
    if (subject.value === 'id') {
      parameters.push(JSON.stringify(comparable.map((id) => idHash(String(id)))))
      alternatives.push(`(h IN (SELECT value FROM json_each(?)) AND ${listed})`)
    } else alternatives.push(listed)
    parameters.push(JSON.stringify(comparable))
  }
  for (const value of new Set(values.filter((value) => !isComparable(value)))) {
    alternatives.push(equal(subject, value, parameters))
  }
  if (alternatives.length === 0) return '0'
  return alternatives.length === 1 ? alternatives.join('') : `(${alternatives.join(' OR ')})`
}

function isComparable(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value))
}
