// What the main thread and the two worker threads say to each other. Many small values are sent as one flat array of
// strings and numbers, because cloning that is several times cheaper than cloning an array of objects.

export type Value = string | number | null

/** An event as its strings, before and after it has got its place. */
export interface StoredEvent {
  readonly stream: string
  readonly id: string
  readonly type: string
  /** JSON */
  readonly data: string
  /** JSON; null where there is none, or none any more */
  body: string | null
  /** JSON */
  readonly metadata: string
  /** 0 until it is stored */
  position: number
  revision: number
}

/** What both threads are started with. */
export interface WorkerSettings {
  readonly folder: string
  readonly synchronous: 'FULL' | 'OFF'
  /** Pages that the file may have at most; 0 for no limit. */
  readonly maxPages: number
}

/**
 * For each append: stream, expected (a revision or a word), 1 where the stream keeps only its newest event or else 0,
 * count of events; and then for each of them: id, type, data, body, metadata.
 */
export type AppendBatch = readonly Value[]

export const fieldsOfEvent = 5

export type ToWriter =
  /** A part of a batch. Until the last one, nothing else is sent. */
  | { readonly kind: 'append'; readonly part: AppendBatch; readonly last: boolean }
  | { readonly kind: 'forget'; readonly call: number; readonly ids: readonly string[] }
  | { readonly kind: 'close' }

/** The first of the four numbers that answer an append. */
export const outcome = { appended: 0, repeated: 1, wrong: 2 } as const

export type FromWriter =
  | { readonly kind: 'ready' }
  /**
   * One batch is durable. Four numbers for each append: outcome, revision of its first event, revision of its last,
   * position of its last. For a wrong expectation the third is the actual revision, -1 where the stream is absent.
   */
  | { readonly kind: 'appended'; readonly outcomes: readonly number[] }
  /** One batch failed as a whole. With `latched`, no later one will succeed. */
  | { readonly kind: 'failed'; readonly reason: string; readonly written: 'no' | 'unknown'; readonly latched: boolean }
  | { readonly kind: 'forgotten'; readonly call: number; readonly reason?: string }
  /** Something failed outside of an append: nothing may be acknowledged from now on. */
  | { readonly kind: 'latched'; readonly reason: string }
  | { readonly kind: 'closed' }

export type PageRequest =
  | {
      readonly kind: 'stream'
      readonly stream: string
      /** First and last revision, both inclusive. */
      readonly from: number
      readonly to: number
      /** Only what stands after this position. */
      readonly after: number
      readonly backwards: boolean
      readonly limit: number
    }
  | { readonly kind: 'all'; readonly after: number; readonly backwards: boolean; readonly limit: number }

/** For each event: position, stream, revision, id, type, data, body, metadata. */
export type Rows = readonly Value[]

export const columnsOfRow = 8

export type ToReader =
  /** `asText`: the whole page as one text, where that is possible. */
  | { readonly kind: 'page'; readonly call: number; readonly request: PageRequest; readonly asText: boolean }
  | { readonly kind: 'close' }

export type FromReader =
  | { readonly kind: 'ready' }
  | { readonly kind: 'page'; readonly call: number; readonly rows: Rows }
  /** JSON: an array of such rows, each an array; data, body and metadata are in it as what they stand for. */
  | { readonly kind: 'text'; readonly call: number; readonly text: string }
  | { readonly kind: 'refused'; readonly call: number; readonly reason: string; readonly damaged: boolean }
  | { readonly kind: 'closed' }
