// The embedded log behind a wire that breaks on demand, with everything counted that goes over it.

import {
  type Appended,
  type EventStore,
  type Expected,
  type NewEvent,
  OutcomeUnknown,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  StoreUnavailable,
  type SubscribeOptions,
} from '../../src/eventstore/port.ts'

/**
 * What becomes of an append: `lost` on the way there; `unanswered`, done but the answer was lost; `late`, it lands only after
 * its caller was told that the outcome is unknown; `silent`, neither done nor answered; `mute`, done and never answered;
 * `unavailable`, the log says that it takes none; `broken`, an error that nobody foresaw; `dead`, as if the process had
 * stopped right before; a function is called before a normal append.
 */
export type Fault =
  | 'none'
  | 'lost'
  | 'unanswered'
  | 'late'
  | 'silent'
  | 'mute'
  | 'unavailable'
  | 'broken'
  | 'dead'
  | (() => Promise<unknown>)

/** The process that carried out a command is gone. */
export class Died extends Error {}

export class FaultyStore implements EventStore {
  readonly #inner: EventStore
  /** What becomes of the next appends; the ones after that succeed. */
  faults: Fault[] = []
  /** Every append that was asked for: how many events, and of which stream. */
  readonly appends: { readonly stream: string; readonly events: number; readonly bytes: number }[] = []
  /** Events that were read from streams. */
  eventsRead = 0
  /** Late appends that are still on their way. */
  readonly underWay: Promise<unknown>[] = []

  constructor(inner: EventStore) {
    this.#inner = inner
  }

  async append(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended> {
    this.appends.push({ stream, events: events.length, bytes: Buffer.byteLength(JSON.stringify(events)) })
    const fault = this.faults.shift() ?? 'none'
    if (typeof fault === 'function') await fault()
    switch (fault) {
      case 'lost':
        throw new OutcomeUnknown('The connection was lost.')
      case 'unanswered':
        await this.#inner.append(stream, events, expected)
        throw new OutcomeUnknown('The answer was lost.')
      case 'late':
        this.underWay.push(
          new Promise((resolve) => setTimeout(resolve, 40)).then(() =>
            this.#inner.append(stream, events, expected).catch((error: unknown) => error),
          ),
        )
        throw new OutcomeUnknown('The connection was lost.')
      case 'silent':
        return await new Promise<never>(() => {})
      case 'mute':
        await this.#inner.append(stream, events, expected)
        return await new Promise<never>(() => {})
      case 'unavailable':
        throw new StoreUnavailable('The disk is full. Make room, then start again.')
      case 'broken':
        throw new Error('Nobody foresaw this.')
      case 'dead':
        throw new Died()
      default:
        return await this.#inner.append(stream, events, expected)
    }
  }

  async *readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<readonly RecordedEvent[]> {
    for await (const page of this.#inner.readStream(stream, options)) {
      this.eventsRead += page.length
      yield page
    }
  }

  readAll = (options?: ReadAllOptions) => this.#inner.readAll(options)
  at = (position: Position) => this.#inner.at(position)
  head = (stream: string) => this.#inner.head(stream)
  end = () => this.#inner.end()
  isPosition = (text: string): text is Position => this.#inner.isPosition(text)
  subscribe = (options: SubscribeOptions) => this.#inner.subscribe(options)
  forget = (eventIds: readonly string[]) => this.#inner.forget(eventIds)
  health = () => this.#inner.health()
  close = () => this.#inner.close()
}
