// Whose log it is. Beside Parley's streams stands one more, with one event. It says that everything under this prefix is
// Parley's, and in which form; and its body is sealed like any other, so that keys of another log are found out at the
// start, instead of making every body look as if it had been forgotten.

import { randomBytes, randomUUID } from 'node:crypto'
import { NO_STREAM, streamNameFilter } from '@eventstore/db-client'
import { type Keys, keyBytes } from '../../keys/port.ts'
import { CannotOpen } from '../port.ts'
import type { Connection } from './connection.ts'
import { encode, sealed } from './encode.ts'
import { failureOf } from './failure.ts'
import { Line } from './line.ts'
import { Log } from './log.ts'
import type { Stored } from './recorded.ts'

/** In which form events are stored. */
const form = 1
const type = 'ParleyLog'
const patienceMs = 4_000

interface Claim {
  readonly connection: Connection
  readonly keys: Keys
  readonly prefix: string
}

/** No prefix begins with this sign, so the stream stands outside of all of them. */
const markerOf = (prefix: string): string => `~${prefix}`

/**
 * Sees to it that what stands under the prefix is Parley's, and that these are its keys; marks it where nothing stands
 * there yet.
 *
 * @throws {CannotOpen}
 */
export async function claim(claiming: Claim): Promise<void> {
  const { connection, keys, prefix } = claiming
  const beside = new Log(connection, keys, '')
  const look = () => beside.stream(markerOf(prefix), { from: 'end', backwards: true, limit: 1 })
  for (const _ of [1, 2]) {
    const [marker] = await look()
    if (marker !== undefined) return await check(marker, beside, claiming)
    if (await isInUse(claiming)) {
      throw new CannotOpen(
        `EventStoreDB at ${connection.server} has streams that begin with "${prefix}" and are not Parley's. Choose another PARLEY_STREAM_PREFIX.`,
      )
    }
    await mark(claiming)
  }
  const [marker] = await look()
  if (marker !== undefined) return await check(marker, beside, claiming)
  throw new CannotOpen(`EventStoreDB at ${connection.server} does not keep what is written to it. Check its state.`)
}

async function check(marker: Stored, beside: Log, { connection, keys, prefix }: Claim): Promise<void> {
  const { server } = connection
  const found = Number(marker.data.form)
  if (marker.damaged !== undefined || marker.type !== type || !Number.isInteger(found)) {
    throw new CannotOpen(
      `The stream ${markerOf(prefix)} in EventStoreDB at ${server} is not Parley's. Choose another PARLEY_STREAM_PREFIX.`,
    )
  }
  if (found > form) {
    throw new CannotOpen(
      `The log in EventStoreDB at ${server} was written by a newer Parley (form ${found}; this one knows ${form}). Start that one.`,
    )
  }
  const [opened] = await beside.open([marker])
  if (opened?.body !== undefined) return
  const none = (await keys.get([marker.id])).size === 0
  throw new CannotOpen(
    `The keys at hand ${none ? 'are not those' : 'do not open what stands'} of the log in EventStoreDB at ${server} (prefix "${prefix}"): every text would read as forgotten. Use the database of keys that belongs to it, from a backup if need be; for a new log choose another PARLEY_STREAM_PREFIX.`,
  )
}

async function mark({ connection, keys, prefix }: Claim): Promise<void> {
  const id = randomUUID()
  const key = Uint8Array.from(randomBytes(keyBytes))
  await keys.add([{ id, key }])
  const event = { id, type, data: { form }, body: { text: 'These are the keys of this log.' }, metadata: {} }
  const events = sealed(encode([event]), new Map([[id, key]]))
  const options = { expectedRevision: NO_STREAM, deadline: patienceMs } as const
  try {
    await connection.call((client) => client.appendToStream(markerOf(prefix), events, options), { ms: patienceMs })
  } catch (error) {
    // Another node was faster, or it is not clear: reading it again shows it.
    const failure = failureOf(error)
    if (failure !== 'wrong-revision' && failure !== 'late' && failure !== 'unreachable') throw error
  }
}

/** Whether any event stands under the prefix. */
async function isInUse({ connection, prefix }: Claim): Promise<boolean> {
  const { client, ended } = connection.session
  const deadline = performance.now() + patienceMs
  let wake = (): void => {}
  const filter = { prefixes: [prefix], maxSearchWindow: 500, checkpointInterval: 1 }
  const line = new Line(
    (checkpointReached) =>
      client.subscribeToAll({
        fromPosition: 'start',
        filter: streamNameFilter({ ...filter, checkpointReached: (_, place) => checkpointReached(place) }),
      }),
    { onChange: () => wake(), given: ended },
  )
  try {
    // A server that does not say when it has sent everything, or has very much to look through, is given some seconds.
    while (performance.now() < deadline) {
      const { events, caughtUp, broken } = line.take(1)
      if (events.length > 0) return true
      if (caughtUp) return false
      if (broken !== undefined) throw broken.error
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now())
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return false
  } finally {
    line.end()
  }
}
