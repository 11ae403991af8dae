// How one document lies in its collection. What it holds stays apart from what is kept beside it.

import type { Position } from '../../eventstore/port.ts'
import type { Document, StoredDocument, StoredState, Write } from '../port.ts'

/** A tombstone has no `document`. */
export interface Row {
  readonly _id: string
  readonly revision: number
  readonly position: string
  readonly document?: Document
}

export const rowOf = ({ revision, position, document }: Write): Omit<Row, '_id'> => ({
  revision,
  position,
  ...(document === undefined ? undefined : { document }),
})

/** @typeParam D what the caller knows that the collection holds */
export function stateOf<D = Document>(row: Row): StoredState<D> {
  const { _id: id, revision, document } = row
  // The caller knows what it wrote; and it was a position when it was written.
  return { id, revision, position: row.position as Position, document: document as D | undefined }
}

export function documentsOf<D = Document>(rows: readonly Row[]): readonly StoredDocument<D>[] {
  return rows.map((row) => stateOf<D>(row)).filter((state): state is StoredDocument<D> => state.document !== undefined)
}

/** @returns the name, where it can name a collection: those with a dot are the engine's own. @throws {TypeError} */
export function collectionName(name: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(name)) throw new TypeError(`${name} cannot name a collection.`)
  return name
}
