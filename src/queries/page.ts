// Pages of a list: Relay connections over an order whose keys never change place.

import { crc32 } from 'node:zlib'
import { GraphQLError } from 'graphql'
import type { Projection } from '../../projections/projection.ts'
import type { Filter, StoredDocument } from '../documents/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'

/** A value in a query that cannot be accepted. */
export class BadInput extends GraphQLError {
  constructor(message: string) {
    super(message, { extensions: { code: 'BAD_INPUT' } })
  }
}

export const pageSizeLimit = 100
const defaultPageSize = 50
/** Above this, a total is not counted. */
export const countLimit = 10_000

/** Most recently active first. */
export const byActivity = { name: 'room', field: 'activeAt', direction: -1, ties: true } as const

export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

export interface Edge<T> {
  readonly cursor: string
  readonly node: T
}

export interface Page<T> {
  readonly edges: readonly Edge<T>[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** Counted only when asked for; undefined above `countLimit`. */
  readonly total: () => Promise<number | undefined>
}

/** @throws BadInput for anything but 1 to 100 */
export function pageSize(asked: number | null | undefined, name: 'first' | 'last' = 'first'): number {
  if (asked == null) return defaultPageSize
  if (asked >= 1 && asked <= pageSizeLimit) return asked
  throw new BadInput(`"${name}" is ${asked}; a page has 1 to ${pageSizeLimit} entries.`)
}

type Key = string | number

/** The order of a list: one field, and the id where the field may be equal. */
export interface ListOrder {
  /** Names the list: cursors of lists with other names are refused. */
  readonly name: string
  readonly field: string
  readonly direction: 1 | -1
  /** Whether several documents of the list may have the same value. */
  readonly ties: boolean
}

export interface List<D extends object> {
  readonly projection: Projection<D>
  readonly filter: Filter
  readonly order: ListOrder
}

export interface Place {
  readonly key: Key
  readonly id: string
}

/** A place of the list, with a checksum over the list's name too: damaged, or given to another list, it is noticed. */
export function cursorOf(order: ListOrder, { key, id }: Place): string {
  const place = JSON.stringify(order.ties ? [key, id] : [key])
  const checksum = Buffer.alloc(checksumBytes)
  checksum.writeUInt32BE(crc32(`${order.name}\n${place}`))
  return Buffer.concat([checksum, Buffer.from(place)]).toString('base64url')
}

const checksumBytes = 4

/** @throws BadInput for a cursor that is damaged, or of another list */
export function placeOf(order: ListOrder, cursor: string): Place {
  const damaged = new BadInput(
    `The cursor "${cursor.slice(0, 80)}" is not one of this list. Use one that it gave, as it is.`,
  )
  const bytes = Buffer.from(cursor, 'base64url')
  const place = bytes.toString('utf8', checksumBytes)
  if (
    bytes.length <= checksumBytes ||
    bytes.toString('base64url') !== cursor ||
    bytes.readUInt32BE() !== crc32(`${order.name}\n${place}`)
  )
    throw damaged
  let parts: unknown
  try {
    parts = JSON.parse(place)
  } catch {
    // Somebody took the trouble to make a checksum.
    throw damaged
  }
  if (!Array.isArray(parts)) throw damaged
  const [key, id] = parts as unknown[]
  if ((typeof key !== 'string' && typeof key !== 'number') || (order.ties && typeof id !== 'string')) throw damaged
  return { key, id: typeof id === 'string' ? id : '' }
}

/** What comes after a place in the list, or before it. */
export function beyond(
  { field, direction, ties }: ListOrder,
  { key, id }: Place,
  way: 'after' | 'before',
  inclusive = false,
): Filter {
  const up = (direction === 1) === (way === 'after')
  if (!ties) return { [field]: up ? { [inclusive ? '$gte' : '$gt']: key } : { [inclusive ? '$lte' : '$lt']: key } }
  return {
    $or: [
      { [field]: up ? { $gt: key } : { $lt: key } },
      { [field]: key, _id: way === 'after' ? { $gt: id } : { $lt: id } },
    ],
  }
}

/** Entries of the list from a place on, nearest first. */
export async function take<D extends object>(
  models: ReadModels,
  { projection, filter, order }: List<D>,
  from: Filter | undefined,
  way: 'after' | 'before',
  limit: number,
): Promise<readonly StoredDocument<D>[]> {
  const direction = way === 'after' ? order.direction : order.direction === 1 ? -1 : 1
  return await models.find(projection, {
    filter: from ? { $and: [filter, from] } : filter,
    sort: { [order.field]: direction, ...(order.ties ? { _id: way === 'after' ? 1 : -1 } : undefined) },
    limit,
  })
}

/** `first`/`after` or `last`/`before`; without either the list's beginning, or its end where `fromEnd`. */
export async function page<D extends object>(
  models: ReadModels,
  list: List<D>,
  args: PageArguments,
  { fromEnd = false }: { readonly fromEnd?: boolean } = {},
): Promise<Page<D & { readonly id: string }>> {
  const { first, after, last, before } = args
  if (first != null && last != null) throw new BadInput('Give "first" or "last", not both.')
  const backwards = last != null || before != null || (fromEnd && first == null && after == null)
  if (backwards && (first != null || after != null))
    throw new BadInput('Use "first" with "after", and "last" with "before".')
  const size = backwards ? pageSize(last, 'last') : pageSize(first)
  const cursor = backwards ? before : after
  const from =
    cursor == null ? undefined : beyond(list.order, placeOf(list.order, cursor), backwards ? 'before' : 'after')
  const found = await take(models, list, from, backwards ? 'before' : 'after', size + 1)
  const more = found.length > size
  const entries = backwards ? found.slice(0, size).reverse() : found.slice(0, size)
  return {
    ...edgesOf(list, entries),
    // What lies behind the cursor that was given is there: the cursor came from it.
    hasNextPage: backwards ? cursor != null : more,
    hasPreviousPage: backwards ? more : cursor != null,
    total: () => countUpTo(models, list),
  }
}

export const edgesOf = <D extends object>({ order }: List<D>, entries: readonly StoredDocument<D>[]) => ({
  edges: entries.map(({ id, document }) => ({
    // The order's field is one of the document's, and holds a string or a number: it is indexed.
    cursor: cursorOf(order, { key: (document as Readonly<Record<string, Key>>)[order.field] ?? '', id }),
    node: { ...document, id },
  })),
})

export async function countUpTo<D extends object>(
  models: ReadModels,
  { projection, filter }: List<D>,
): Promise<number | undefined> {
  const count = await models.count(projection, filter, { limit: countLimit + 1 })
  return count > countLimit ? undefined : count
}
