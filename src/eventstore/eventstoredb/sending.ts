// One append as it goes to the server: with a concrete expected revision, a time limit, and an outcome that is clear.

import { type EventData, NO_STREAM } from '@eventstore/db-client'
import { AppendTooLarge, OutcomeUnknown, type Revision, StoreUnavailable } from '../port.ts'
import type { Connection } from './connection.ts'
import { sealedField, supersededField } from './encode.ts'
import { failureOf, messageOf, sentenceFor } from './failure.ts'
import type { Head } from './heads.ts'
import { headOf, type Log } from './log.ts'
import { positionOf } from './positions.ts'

/** Expected revision: -1 where there must be no stream. */
export interface Sending {
  readonly stream: string
  readonly events: readonly EventData[]
  readonly at: Revision
  /** Of `performance.now()`. */
  readonly deadline: number
}

/** The stream's end after the append; `wrong` where the stream does not end as expected, and nothing was written. */
export type Sent = Head | 'wrong'

export class Sender {
  readonly #connection: Connection
  readonly #log: Log

  constructor(connection: Connection, log: Log) {
    this.#connection = connection
    this.#log = log
  }

  /**
   * @throws {OutcomeUnknown}
   * @throws {StoreUnavailable} nothing was written
   * @throws {AppendTooLarge} nothing was written
   */
  async send(sending: Sending): Promise<Sent> {
    const { stream, events, at, deadline } = sending
    const name = this.#log.prefix + stream
    const expectedRevision = at === -1 ? NO_STREAM : BigInt(at)
    try {
      const ms = Math.max(1, deadline - performance.now())
      const { nextExpectedRevision, position } = await this.#connection.call(
        // The client's deadline holds on the server too. On the path of batches it ends nothing here: hence the timer.
        (client) => client.appendToStream(name, [...events], { expectedRevision, deadline: Math.ceil(ms) }),
        { ms },
      )
      const revision = Number(nextExpectedRevision)
      const last = events.at(-1)
      // Of several events the reply need not give the position of the last one.
      if (last !== undefined && events.length === 1 && position !== undefined) {
        return {
          revision,
          position: positionOf(position),
          id: last.id,
          sealed: isSealed(last),
          superseded: supersededBy(last),
        }
      }
      return await this.#writtenAt(stream, revision, deadline)
    } catch (error) {
      return this.#failed(error, events)
    }
  }

  /**
   * Makes the server keep one event of this stream. To be done before the first one.
   * @throws {StoreUnavailable}
   */
  async keepOnlyNewest(stream: string, deadline: number): Promise<void> {
    try {
      const ms = Math.max(1, deadline - performance.now())
      await this.#connection.call((client) => client.setStreamMetadata(this.#log.prefix + stream, { maxCount: 1 }), {
        ms,
      })
    } catch (error) {
      // Whether it was written does not matter: it says the same every time.
      throw new StoreUnavailable(sentenceFor(error, this.#connection.server), { cause: error })
    }
  }

  async #writtenAt(stream: string, revision: Revision, deadline: number): Promise<Head> {
    const ms = Math.max(1, deadline - performance.now())
    const [last] = await this.#log.stream(stream, { from: revision, limit: 1, ms })
    if (last?.revision !== revision) throw new OutcomeUnknown('What was just appended cannot be read yet.')
    return headOf(last)
  }

  #failed(error: unknown, events: readonly EventData[]): 'wrong' {
    const failure = failureOf(error)
    const said = sentenceFor(error, this.#connection.server)
    switch (failure) {
      case 'wrong-revision':
        return 'wrong'
      case 'too-large':
        throw new AppendTooLarge(events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0))
      case 'denied':
      case 'not-leader':
      case 'refused':
      case 'no-eventstoredb':
        throw new StoreUnavailable(said, { cause: error })
      case 'stream-deleted':
        throw new StoreUnavailable(
          `A stream of Parley's was deleted for ever in EventStoreDB (${messageOf(error)}). Nothing can be appended to it: restore a backup.`,
          { cause: error },
        )
      default:
        // Also where the append succeeded and only its position could not be read.
        throw new OutcomeUnknown(said, { cause: error })
    }
  }
}

const isSealed = ({ metadata }: EventData): boolean =>
  typeof metadata === 'object' && metadata !== null && sealedField in metadata

function supersededBy({ metadata }: EventData): string | undefined {
  const id: unknown = typeof metadata === 'object' && metadata !== null ? Object(metadata)[supersededField] : undefined
  return typeof id === 'string' ? id : undefined
}
