// A server and the real client for a block of tests: our own server, or the one that PARLEY_TEST_EVENTSTOREDB names,
// which then judges our reading. Streams get names of their own, test by test, so that one server serves them all.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type EventStoreDbOptions, type RunningEventStoreDb, startEventStoreDb } from './server.ts'

const real = process.env.PARLEY_TEST_EVENTSTOREDB

/** Stands before the titles of the tests, so that their output says what was tested. */
export const ofWhat =
  real === undefined ? "Our reading of EventStoreDB's protocol, not EventStoreDB itself" : 'A real EventStoreDB'

/** Tests that start the server again, or choose what it is like, need our own. */
export const isReal = real !== undefined

type Options = Omit<EventStoreDbOptions, 'folder' | 'port'>

export interface Serving {
  readonly client: EventStoreDBClient
  readonly port: number
  /** A stream's name, which no other test has. */
  stream(name: string): string
  /** Starts the server again on the same folder and port. */
  restart(): Promise<void>
}

export function serve(options: Options): Serving {
  let folder = ''
  let server: RunningEventStoreDb | undefined
  let client: EventStoreDBClient | undefined
  let prefix = ''
  beforeEach(() => {
    prefix = `parley-test-${randomUUID()}.`
  })
  beforeAll(async () => {
    if (real === undefined) {
      folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
      server = await startEventStoreDb({ folder, ...options })
    }
    client = EventStoreDBClient.connectionString(real ?? server?.connectionString ?? '')
  })
  afterAll(async () => {
    await client?.dispose()
    await server?.stop()
    if (folder !== '') await rm(folder, { recursive: true })
  })
  return {
    get client() {
      if (client === undefined) throw new Error('No test is running.')
      return client
    },
    get port() {
      return server?.port ?? 0
    },
    stream: (name) => prefix + name,
    async restart() {
      const port = server?.port ?? 0
      await server?.stop()
      server = await startEventStoreDb({ folder, port, ...options })
    },
  }
}

export const event = (data: { [key: string]: unknown } = {}) => jsonEvent({ type: 'Said', data })

export const events = (count: number) => Array.from({ length: count }, (_, number) => event({ number }))

/** How a promise failed: `type` and the like are fields of the client's errors. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'It succeeded.',
    (error: unknown) => error,
  )

export async function all<T>(found: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of found) items.push(item)
  return items
}

/** The revisions of a stream, in the order in which they come. */
export const revisions = async (found: AsyncIterable<{ event?: { revision: bigint } }>): Promise<number[]> =>
  (await all(found)).map((resolved) => Number(resolved.event?.revision))
