import { GraphQLError, valueFromASTUntyped } from 'graphql'
import { builder } from './builder.ts'

const badInput = (message: string) => new GraphQLError(message, { extensions: { code: 'BAD_INPUT' } })

const opaque = (name: string) => (value: unknown) => {
  if (typeof value === 'string' && value.length > 0 && value.length <= 512) return value
  throw badInput(`A ${name} is a text that this server gave. Send one back exactly as it came.`)
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i

builder.scalarType('DateTime', {
  description: 'RFC 3339, UTC, milliseconds: 2026-01-31T12:00:00.000Z',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === 'string' && rfc3339.test(value) && !Number.isNaN(Date.parse(value)))
      return new Date(value).toISOString()
    throw badInput('A time is written as in RFC 3339: 2026-01-31T12:00:00.000Z')
  },
})

builder.scalarType('FeedCursor', {
  description: 'Where a feed stands. Opaque; send it back as `after`. It never expires.',
  serialize: (value) => value,
  parseValue: opaque('feed cursor'),
})

builder.scalarType('Position', {
  description: 'A point in the event log, opaque. Returned by every mutation.',
  serialize: (value) => value,
  parseValue: opaque('position'),
})

/** Bytes of UTF-8. */
const jsonBytes = 65_536

function json(value: unknown): unknown {
  if (Buffer.byteLength(JSON.stringify(value)) <= jsonBytes) return value
  throw new GraphQLError('This value is larger than 64 KiB. Shorten it.', { extensions: { code: 'TOO_LARGE' } })
}

builder.scalarType('JSON', {
  description: 'Any JSON value, at most 64 KiB. Only stored and passed on; never part of a query to a store.',
  serialize: (value) => value,
  parseValue: json,
  parseLiteral: (node, variables) => json(valueFromASTUntyped(node, variables)),
})
