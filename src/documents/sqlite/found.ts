// Makes documents of the rows that a thread has found.

import type { Position } from '../../eventstore/port.ts'
import type { Document, StoredDocument, StoredState, VersionedRecord } from '../port.ts'
import type { FoundRows } from './message.ts'
import type { FoundRow, RecordColumns } from './statements.ts'

export type Found = readonly FoundRow[] | FoundRows

/** @typeParam D what the caller knows that the collection holds */
export function statesOf<D = Document>(found: Found): readonly StoredState<D>[] {
  if (!isColumns(found)) {
    return found.map(({ id, revision, position, removed, doc }) => {
      const document: D | undefined = removed ? undefined : JSON.parse(doc)
      return { id, revision, position: asPosition(position), document }
    })
  }
  const documents: readonly (D | null)[] = JSON.parse(found.json)
  return documents.map((document, i) => ({
    id: found.ids[i] ?? '',
    revision: found.revisions[i] ?? 0,
    position: asPosition(found.positions[i] ?? ''),
    document: document ?? undefined,
  }))
}

export function documentsOf<D = Document>(found: Found): readonly StoredDocument<D>[] {
  return statesOf<D>(found).filter((state): state is StoredDocument<D> => state.document !== undefined)
}

export function recordOf({ version, value }: RecordColumns): VersionedRecord {
  return { version, value: JSON.parse(value) }
}

/** Where the last of them stands in the file; 0 where there is none. */
export function lastRowOf(found: Found): number {
  return isColumns(found) ? found.lastRow : (found.at(-1)?.n ?? 0)
}

// It was a position when it was written.
const asPosition = (text: string) => text as Position

function isColumns(found: Found): found is FoundRows {
  return 'json' in found
}
