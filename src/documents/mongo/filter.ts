// The port's filters are MongoDB's own: here they are checked, and led to where the fields are stored.

import type { Filter as MongoFilter } from 'mongodb'
import type { Filter, Index, Order } from '../port.ts'
import type { Row } from './row.ts'

const segment = /^[A-Za-z_][A-Za-z0-9_-]*$/
const operators = new Set(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$exists'])

/** Where a field of the port lies. @throws {TypeError} a name that is not letters, digits, `_` and `-`, in parts joined by dots */
export function field(name: string): string {
  if (name === '_id') return '_id'
  if (name === '_revision') return 'revision'
  if (name === '_position') return 'position'
  if (!name.split('.').every((part) => segment.test(part)))
    throw new TypeError(`${JSON.stringify(name)} cannot name a field.`)
  return `document.${name}`
}

/**
 * Documents that match and are not removed.
 * @throws {TypeError} a field or an operator that the port does not have, or a value that no field can have
 */
export function present(filter: Filter): MongoFilter<Row> {
  const translated = translate(filter)
  // What an index alone can tell should not need the document.
  return needsContent(filter) ? translated : { ...translated, document: { $exists: true } }
}

function translate(filter: Filter): MongoFilter<Row> {
  const terms = Object.entries(filter).map(([key, condition]): [string, unknown] => {
    if (key === '$and' || key === '$or') return [key, several(key, filter[key])]
    check(key, condition)
    return [field(key), condition]
  })
  return Object.fromEntries(terms)
}

function several(word: '$and' | '$or', filters: readonly Filter[] | undefined): MongoFilter<Row>[] {
  if (!filters || filters.length === 0) throw new TypeError(`${word} needs at least one filter.`)
  return filters.map(translate)
}

function check(name: string, condition: unknown): void {
  if (isScalar(condition)) return
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition))
    throw new TypeError(`A field cannot be compared with ${String(condition)}.`)
  const parts = Object.entries(condition)
  if (parts.length === 0) throw new TypeError(`The condition on ${name} is empty.`)
  for (const [operator, operand] of parts)
    if (!operators.has(operator) || !isOperand(operator, operand))
      throw new TypeError(`The condition on ${name} has no meaning: ${operator} ${String(operand)}.`)
}

function isOperand(operator: string, operand: unknown): boolean {
  switch (operator) {
    case '$eq':
    case '$ne':
      return isScalar(operand)
    case '$in':
      return Array.isArray(operand) && operand.every(isScalar)
    case '$exists':
      return typeof operand === 'boolean'
    default:
      return isComparable(operand)
  }
}

/** Whether some field of the document must have a value: a tombstone has none. */
function needsContent(filter: Filter): boolean {
  return Object.entries(filter).some(([key, condition]) => {
    if (key.startsWith('$') || key.startsWith('_')) return false
    if (condition === null || typeof condition !== 'object') return condition !== null
    return Object.entries(condition).some(
      ([operator, operand]) =>
        operator === '$gt' ||
        operator === '$gte' ||
        operator === '$lt' ||
        operator === '$lte' ||
        (operator === '$eq' && operand !== null) ||
        (operator === '$exists' && operand === true) ||
        (operator === '$in' && Array.isArray(operand) && !operand.includes(null)),
    )
  })
}

/** Ties are broken by id. @throws {TypeError} */
export function order(sort: Order): Record<string, 1 | -1> {
  const terms = Object.entries(sort).map(([name, direction]) => [field(name), direction] as const)
  return { ...Object.fromEntries(terms), ...('_id' in sort ? {} : { _id: 1 }) }
}

/** With the id at its end, so that it serves the order too. @throws {TypeError} */
export function indexKey(index: Index): Record<string, 1 | -1> {
  if (Object.keys(index).length === 0) throw new TypeError('An index needs at least one field.')
  return order(index)
}

const isComparable = (value: unknown): boolean =>
  typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value))

const isScalar = (value: unknown): boolean => value === null || typeof value === 'boolean' || isComparable(value)
