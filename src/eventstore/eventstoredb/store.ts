// The log in EventStoreDB: streams under a prefix of their own, bodies sealed, keys in a database apart.

import { type Keys, KeysUnavailable } from '../../keys/port.ts'
import {
  type Appended,
  CannotOpen,
  type EventStore,
  type Expected,
  type NewEvent,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  StoreUnavailable,
  type StreamHead,
  type SubscribeOptions,
} from '../port.ts'
import { addressOf } from './address.ts'
import { Appending } from './appending.ts'
import { Connection } from './connection.ts'
import { Ending } from './ending.ts'
import { failureOf, messageOf, sentenceFor } from './failure.ts'
import { isId } from './ids.ts'
import { Log } from './log.ts'
import { claim } from './marker.ts'
import { isPosition } from './positions.ts'
import { Reading } from './reading.ts'
import { Subscription } from './subscription.ts'

export interface EventStoreDbOptions {
  /** `esdb://…` or `esdb+discover://…` */
  readonly connectionString: string
  /** Begins the name of every stream, so that one server may hold the logs of several. */
  readonly streamPrefix: string
  /** Closed by whoever opened them, after the store. */
  readonly keys: Keys
  readonly keepsOnlyNewest: (stream: string) => boolean
  /** Called with a sentence each time the server can no longer be reached. It is gone on by itself. */
  readonly onFault?: (message: string) => void
}

const defaultPageSize = 500

/**
 * Connects to the server, and sees to it that the log there is Parley's and that these are its keys. One a process: the
 * client shares state between all that it has open.
 *
 * @throws {CannotOpen}
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStore> {
  const { connectionString, streamPrefix: prefix, keys, onFault } = options
  const address = addressOf(connectionString)
  if (!/^[a-zA-Z0-9_.]{1,64}$/.test(prefix)) {
    throw new CannotOpen(
      `PARLEY_STREAM_PREFIX is "${prefix}": with EventStoreDB 1 to 64 letters, digits, dots and underscores are needed, so that Parley's streams are known from others.`,
    )
  }
  const connection = connect(address, onFault)
  try {
    await claim({ connection, keys, prefix })
    connection.start()
    return new Store({ ...options, connection })
  } catch (error) {
    await connection.close()
    throw cannotOpen(error, connection.server)
  }
}

function connect(address: ReturnType<typeof addressOf>, onLost: EventStoreDbOptions['onFault']): Connection {
  try {
    return new Connection({ address, onLost })
  } catch (error) {
    throw new CannotOpen(`PARLEY_EVENTSTORE cannot be used (${messageOf(error)}).`, { cause: error })
  }
}

function cannotOpen(error: unknown, server: string): CannotOpen {
  if (error instanceof CannotOpen) return error
  const isSentence =
    error instanceof StoreUnavailable || error instanceof KeysUnavailable || failureOf(error) === 'other'
  return new CannotOpen(isSentence ? messageOf(error) : sentenceFor(error, server), { cause: error })
}

class Store implements EventStore {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #log: Log
  readonly #reading: Reading
  readonly #appending: Appending
  readonly #ending: Ending
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(options: EventStoreDbOptions & { readonly connection: Connection }) {
    const { connection, keys, keepsOnlyNewest, streamPrefix } = options
    this.#connection = connection
    this.#keys = keys
    this.#log = new Log(connection, keys, streamPrefix)
    this.#reading = new Reading(this.#log, keepsOnlyNewest)
    this.#appending = new Appending({ connection, log: this.#log, keys, keepsOnlyNewest })
    this.#ending = new Ending(this.#log)
  }

  append(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended> {
    return this.#appending.append(stream, events, expected)
  }

  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    return this.#reading.stream(stream, options)
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    return this.#reading.all(options)
  }

  at(position: Position): Promise<RecordedEvent | undefined> {
    return this.#reading.at(position)
  }

  async head(stream: string): Promise<StreamHead | undefined> {
    const head = await this.#log.head(stream)
    return head && { revision: head.revision, position: head.position, id: head.id }
  }

  end(): Promise<Position> {
    return this.#ending.end()
  }

  isPosition(text: string): text is Position {
    return isPosition(text)
  }

  subscribe({ after, pageSize = defaultPageSize, signal }: SubscribeOptions) {
    const followed = {
      connection: this.#connection,
      log: this.#log,
      end: () => this.end(),
      closing: this.#closing.signal,
    }
    return { [Symbol.asyncIterator]: () => new Subscription(followed, { after, pageSize, signal }) }
  }

  async forget(eventIds: readonly string[]): Promise<void> {
    await this.#log.removeKeys([...new Set(eventIds.filter(isId))])
  }

  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    if (this.#closed !== undefined) return { ready: false, reason: 'The log is closed.' }
    const { fault } = this.#connection
    return fault === undefined ? this.#keys.health() : { ready: false, reason: fault }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await this.#appending.close()
    await this.#connection.close()
  }
}
