// Filters on `$all`: by the name of the stream or the type of the event, by prefix or regular expression.

import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { Stored } from './log.ts'

export type Filter = (event: Stored) => boolean

const everything: Filter = () => true

export function filterOf(options: ReadReq.Options): Filter {
  const filter = options.getFilter()
  const byType = filter?.getEventType()
  const expression = byType ?? filter?.getStreamIdentifier()
  if (expression === undefined) return everything
  const textOf = byType === undefined ? ({ stream }: Stored) => stream : ({ type }: Stored) => type
  const pattern = expression.getRegex()
  if (pattern !== '') {
    const regex = new RegExp(pattern)
    return (event) => regex.test(textOf(event))
  }
  const prefixes = expression.getPrefixList()
  return (event) => prefixes.some((prefix) => textOf(event).startsWith(prefix))
}
