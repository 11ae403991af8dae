// Documents on their way to the writer thread. Cloning four values a document kept the calling thread for 7 µs each;
// their JSON as the bytes that SQLite stores, in one buffer that changes hands, takes 2 µs, most of it for the JSON.

import type { Write } from '../port.ts'

/** The writes of one call into one collection. */
export interface Rows {
  readonly collection: string
  readonly ids: readonly string[]
  readonly revisions: readonly number[]
  readonly positions: readonly string[]
  /** Bytes of each JSON; −1 where the document is removed. */
  readonly lengths: readonly number[]
  /** UTF-8, one after the other. */
  readonly json: Uint8Array<ArrayBuffer>
}

interface Lists {
  readonly ids: string[]
  readonly revisions: number[]
  readonly positions: string[]
  readonly lengths: number[]
  readonly texts: string[]
  bytes: number
}

export function pack(writes: readonly Write[]): readonly Rows[] {
  const byCollection = new Map<string, Lists>()
  let lists: Lists | undefined
  let name: string | undefined
  for (const { collection, id, revision, position, document } of writes) {
    if (lists === undefined || collection !== name) {
      name = collection
      lists = byCollection.get(collection) ?? {
        ids: [],
        revisions: [],
        positions: [],
        lengths: [],
        texts: [],
        bytes: 0,
      }
      byCollection.set(collection, lists)
    }
    lists.ids.push(id)
    lists.revisions.push(revision)
    lists.positions.push(position)
    if (document === undefined) {
      lists.lengths.push(-1)
      continue
    }
    const text = JSON.stringify(document)
    const bytes = Buffer.byteLength(text)
    lists.texts.push(text)
    lists.lengths.push(bytes)
    lists.bytes += bytes
  }
  return [...byCollection].map(([collection, { ids, revisions, positions, lengths, texts, bytes }]) => {
    // A buffer of its own: what Node takes from its pool cannot change hands.
    const json = Buffer.from(new ArrayBuffer(bytes))
    let at = 0
    for (const text of texts) at += json.write(text, at)
    return { collection, ids, revisions, positions, lengths, json: new Uint8Array(json.buffer) }
  })
}

/** What changes hands with them. */
export const buffersOf = (rows: readonly Rows[]): readonly ArrayBuffer[] => rows.map(({ json }) => json.buffer)
