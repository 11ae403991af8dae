// The log, as the rest of Parley sees it. Every engine keeps this contract, and
// test/conformance/eventstore/ holds each of them to it.

/** Where an event stands in the whole log. Opaque outside the engine, but positions of one log compare as strings: `a < b` means that a comes first. */
export type Position = string & { readonly __brand: 'Position' }

/** Where an event stands in its stream: 0, 1, 2 … without holes, for as long as the stream lives. */
export type Revision = number

/** Before the first event of the log. */
export const start = '' as Position

/** A JSON object. */
export type Json = { readonly [key: string]: unknown }

/** Strings only; no secrets, no tokens, no addresses. */
export type Metadata = { readonly [key: string]: string }

export interface NewEvent {
  /** A lower-case UUID, made by the caller: appending the same ids again is recognised. */
  readonly id: string
  readonly type: string
  /** Facts, kept for ever. */
  readonly data: Json
  /** What a person wrote or is called. Can be forgotten. */
  readonly body?: Json
  readonly metadata: Metadata
}

export interface RecordedEvent extends NewEvent {
  readonly stream: string
  readonly revision: Revision
  readonly position: Position
  /** Set when the stored bytes cannot be read as JSON: what is wrong. `data` is then empty and `body` absent. */
  readonly damaged?: string
}

/**
 * What the caller knows of the stream's end: the revision of its last event; `none` when it must be absent;
 * `exists` when it must have an event; `any` when it does not matter.
 */
export type Expected = Revision | 'none' | 'exists' | 'any'

export interface Appended {
  /** Revision of the first event of this append. */
  readonly firstRevision: Revision
  /** Revision of the last event of this append. */
  readonly revision: Revision
  /** Position of the last event of this append. */
  readonly position: Position
  /** True when these very events were already there, and nothing was written. */
  readonly repeated: boolean
}

export interface ReadStreamOptions {
  /** First revision to read, inclusive. Forwards it defaults to 0, backwards to the newest. */
  readonly from?: Revision
  /** Only events that stand after this position. */
  readonly after?: Position
  readonly direction?: 'forwards' | 'backwards'
  /** At most this many events. */
  readonly limit?: number
  /** Events in a page, at most (default 500). */
  readonly pageSize?: number
  readonly signal?: AbortSignal
}

export interface ReadAllOptions {
  /** Forwards: only events after this position (default: from the start). Backwards: only events before it (default: from the end). */
  readonly after?: Position
  readonly direction?: 'forwards' | 'backwards'
  readonly limit?: number
  readonly pageSize?: number
  readonly signal?: AbortSignal
}

export interface SubscribeOptions {
  /** Begins with the event after this position. */
  readonly after: Position
  /** Events in a delivery, at most (default 500). */
  readonly pageSize?: number
  readonly signal?: AbortSignal
}

/** One delivery of a subscription. */
export interface Delivery {
  /** In order; may be empty when only the marks moved. */
  readonly events: readonly RecordedEvent[]
  /** Everything up to here has been delivered. */
  readonly position: Position
  /** True when, with this delivery, nothing more was in the log at that moment. */
  readonly caughtUp: boolean
}

export interface StreamHead {
  readonly revision: Revision
  readonly position: Position
  /** Id of the newest event. */
  readonly id: string
}

export interface EventStore {
  /**
   * Appends the events to one stream, all or none, and returns once they are durable.
   *
   * Idempotent: where the stream already holds exactly these ids, in this order, right after the expected revision
   * (with `any` or `exists`: at any one place), the old result is returned. Other ids there, or some of these ids
   * elsewhere in the stream, are a conflict. Without events it does nothing but check the expectation, and
   * answers with the stream's end (revision -1 where it is absent). Where only the newest event is kept, a repeat is
   * recognised as long as its last event is that one.
   *
   * @throws {WrongExpectedRevision} nothing was written
   * @throws {AppendTooLarge} nothing was written: more than `maxAppendBytes`
   * @throws {TypeError} nothing was written: an id is no lower-case UUID
   * @throws {StoreUnavailable} nothing was written, and nothing will be until what it says has been mended
   * @throws {OutcomeUnknown} it may or may not have been written: append the identical events again to learn which
   */
  append(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended>

  /** Pages of one stream. An absent stream has no pages. Throws the signal's reason when it is aborted. */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<readonly RecordedEvent[]>

  /** Pages of the whole log. Backwards, the newest comes first. Throws the signal's reason when it is aborted. */
  readAll(options?: ReadAllOptions): AsyncIterable<readonly RecordedEvent[]>

  /** The event that stands exactly here, if there is one. */
  at(position: Position): Promise<RecordedEvent | undefined>

  /** The newest event of a stream; undefined where the stream is absent. */
  head(stream: string): Promise<StreamHead | undefined>

  /** Position of the newest event of the log; `start` where it is empty. */
  end(): Promise<Position>

  /** Whether a text is written as the positions of this log are. It may still stand for no event. */
  isPosition(text: string): text is Position

  /**
   * Everything after a position, for ever: history first, then what is appended, without a hole and in order, until
   * the signal is aborted, which ends the iteration without an error. A consumer that is slow is not queued for: it
   * gets what it missed from the log.
   */
  subscribe(options: SubscribeOptions): AsyncIterable<Delivery>

  /**
   * Makes the bodies of these events unreadable for ever: when it returns they are in no file of the log. Ids that are
   * unknown or already forgotten are skipped. The events themselves stay.
   */
  forget(eventIds: readonly string[]): Promise<void>

  /** Whether appends can succeed; if not, a sentence that says what to do. */
  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string }

  /** Finishes what is under way, then lets go of the files or connections. */
  close(): Promise<void>
}

/** The limit of one append, in bytes of UTF-8 JSON (data, body, metadata) and type names. */
export const maxAppendBytes = 1_048_576

/** The stream does not end where the caller thought. Nothing was written. */
export class WrongExpectedRevision extends Error {
  override readonly name = 'WrongExpectedRevision'
  readonly stream: string
  readonly expected: Expected
  /** Revision of the newest event; undefined where the stream is absent. */
  readonly actual: Revision | undefined
  constructor(stream: string, expected: Expected, actual: Revision | undefined) {
    super(`${stream} was expected at ${expected}, but is ${actual === undefined ? 'absent' : `at ${actual}`}.`)
    this.stream = stream
    this.expected = expected
    this.actual = actual
  }
}

/** The append may or may not have happened. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}

/** One append holds more than `maxAppendBytes`. Nothing was written. */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge'
  readonly bytes: number
  constructor(bytes: number) {
    super(`An append of ${bytes} bytes is more than the ${maxAppendBytes} that the log takes at once.`)
    this.bytes = bytes
  }
}

/** The log takes no appends now. Nothing was written. The message says what to do. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** Thrown when a store is opened and cannot be: in use, not writable, damaged, from a newer version. The message says what to do. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen'
}
