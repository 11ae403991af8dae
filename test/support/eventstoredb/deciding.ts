// Whether an append is taken, repeats an earlier one, or is refused. After the real server's own rules:
// EventStore/EventStore, src/EventStore.Core/Services/Storage/ReaderIndex/IndexWriter.cs, CheckCommit; and its
// documentation, "Optimistic concurrency and idempotence".

export type Expected = number | 'no_stream' | 'stream_exists' | 'any'

export interface StreamNow {
  /** Revision of the last event; -1 where there never was one. */
  readonly last: number
  readonly tombstoned: boolean
  readonly softDeleted: boolean
  readonly hasMetadata: boolean
}

export type Decision =
  /** `undeletes`: the stream was deleted, and is there again. */
  | { readonly kind: 'append'; readonly undeletes: boolean }
  /** These very events are there already, the last one at this revision. */
  | { readonly kind: 'repeated'; readonly last: number }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'deleted' }

export interface Known {
  /** The revision at which an id was lately written in this stream; kept in memory only, and not for ever. */
  lately(id: string): number | undefined
  /** The id that stands at a revision of this stream, in the log. */
  at(revision: number): string | undefined
}

export function decide(stream: StreamNow, ids: readonly string[], expected: Expected, known: Known): Decision {
  if (stream.tombstoned) return { kind: 'deleted' }
  if (expected === 'stream_exists') {
    if (stream.softDeleted) return { kind: 'deleted' }
    if (stream.last < 0 && !stream.hasMetadata) return { kind: 'wrong' }
  }
  const append: Decision = { kind: 'append', undeletes: stream.softDeleted }
  if (expected === 'any' || expected === 'stream_exists') {
    const revisions = ids.map((id) => known.lately(id))
    if (revisions[0] === undefined) return append
    const last = revisions.at(-1)
    return last === undefined || revisions.includes(undefined) ? { kind: 'wrong' } : { kind: 'repeated', last }
  }
  const revision = expected === 'no_stream' ? -1 : expected
  if (revision > stream.last) return { kind: 'wrong' }
  // At its very end an append is taken, whether its ids were seen before or not.
  if (revision === stream.last) return append
  for (const [index, id] of ids.entries()) {
    const place = revision + 1 + index
    if (known.lately(id) === place || known.at(place) === id) continue
    return index === 0 && expected === 'no_stream' && stream.softDeleted ? append : { kind: 'wrong' }
  }
  return ids.length === 0 ? { kind: 'wrong' } : { kind: 'repeated', last: revision + ids.length }
}
