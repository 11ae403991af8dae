// One append, as it stands in a batch.

import type { Expected } from '../port.ts'
import { type AppendBatch, fieldsOfEvent } from './protocol.ts'

export interface Append {
  /** Indexes in the batch: of the append, of its first event, and after its last one. */
  readonly index: number
  readonly first: number
  readonly next: number
  readonly stream: string
  readonly expected: Expected
  readonly keepsOnlyNewest: boolean
  /** Of events. */
  readonly count: number
}

/** The append that begins at this index. */
export function appendAt(batch: AppendBatch, index: number): Append {
  const stream = batch[index] as string // the batch's layout, see AppendBatch
  const expected = batch[index + 1] as Expected
  const count = batch[index + 3] as number
  const first = index + 4
  const next = first + count * fieldsOfEvent
  return { index, first, next, stream, expected, keepsOnlyNewest: batch[index + 2] === 1, count }
}

/** Whether a stream that ends at this revision (-1: absent) is as the append expects it. */
export function isMet(expected: Expected, revision: number): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'exists':
      return revision >= 0
    case 'none':
      return revision === -1
    default:
      return revision === expected
  }
}
