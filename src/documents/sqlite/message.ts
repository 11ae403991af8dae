// What the calling thread and the worker threads tell each other.

import type { Index, RecordChange } from '../port.ts'
import type { Parameter } from './filter.ts'
import type { Rows } from './packing.ts'

/** A record to change; its value as JSON. */
export type RecordRow = Omit<RecordChange, 'value'> & { readonly value: string | undefined }

export interface WriteTask {
  readonly kind: 'write'
  readonly rows: readonly Rows[]
  readonly records: readonly RecordRow[]
}

export type Task =
  | WriteTask
  | { readonly kind: 'createCollection'; readonly collection: string; readonly toBeFilled: boolean }
  | { readonly kind: 'createIndexes'; readonly collection: string; readonly indexes: readonly Index[] }
  | { readonly kind: 'dropCollection'; readonly collection: string }
  | { readonly kind: 'scrub' }
  | { readonly kind: 'close' }

export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'conflict'; readonly key: string }
  /** The file cannot be written now. `lasting`: not before a restart. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly lasting: boolean }
  /** The task itself is wrong. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface TaskMessage {
  readonly id: number
  readonly task: Task
}

export interface OutcomeMessage {
  readonly kind: 'outcome'
  readonly id: number
  readonly outcome: Outcome
}

/** Where a `RowTable` is now; it comes before the outcome of what is in it. */
export interface RowTableMessage {
  readonly kind: 'rowTable'
  readonly collection: string
  /** Undefined where ids are found by the index from now on. */
  readonly memory: SharedArrayBuffer | undefined
}

export type FromWriter = OutcomeMessage | RowTableMessage

export interface Question {
  readonly sql: string
  readonly parameters: readonly Parameter[]
  /** Rows are documents, or there is one row with a number `n`. */
  readonly wanted: 'documents' | 'number'
}

export interface QuestionMessage extends Question {
  /** How long it may still take, in ms. */
  readonly milliseconds: number
}

/** Columns of the documents found; `json` is one array of them, or of nulls for those removed. */
export interface FoundRows {
  readonly ids: readonly string[]
  readonly revisions: readonly number[]
  readonly positions: readonly string[]
  readonly json: string
  /** Where the last of them stands in the file; 0 where there is none. */
  readonly lastRow: number
}

export type Answer =
  | { readonly kind: 'documents'; readonly rows: FoundRows }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'tooSlow' }
  | { readonly kind: 'failed'; readonly reason: string; readonly code: number | undefined }
