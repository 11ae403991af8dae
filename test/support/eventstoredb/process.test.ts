import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EventStoreDBClient } from '@eventstore/db-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chosenSeed, Random } from '../random.ts'
import { EventStoreDbProcess } from './process.ts'
import { all, event, events } from './serving.ts'

const rounds = Number(process.env.PARLEY_KILL_ROUNDS ?? 3)
const seed = chosenSeed()

describe.each([true, false])('The protocol server as a process (BatchAppend %s)', (batchAppend) => {
  let folder = ''
  let server: EventStoreDbProcess
  let client: EventStoreDBClient

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
    server = new EventStoreDbProcess(folder, { batchAppend })
    await server.start()
    client = EventStoreDBClient.connectionString(server.connectionString)
  })

  afterEach(async () => {
    await client.dispose()
    await server.signal('SIGKILL')
    await rm(folder, { recursive: true })
  })

  test(`ACK: what it acknowledged is there after it was killed, in order (seed ${seed})`, async () => {
    const random = new Random(seed)
    const acknowledged = new Map<string, bigint>()
    for (let round = 0; round < rounds; round += 1) {
      let killed = false
      const write = async (stream: string) => {
        while (!killed) {
          const one = event({ round })
          const appended = await client.appendToStream(stream, one).catch(() => undefined)
          if (appended !== undefined) acknowledged.set(`${stream} ${one.id}`, appended.nextExpectedRevision)
        }
      }
      const writers = ['one', 'two', 'three'].map(write)
      const before = acknowledged.size
      while (acknowledged.size === before) await wait(10)
      await wait(random.between(0, 400))
      await server.signal('SIGKILL')
      killed = true
      await Promise.all(writers)
      await server.start()
    }
    expect(acknowledged.size).toBeGreaterThan(0)
    let next = 0
    for (const stream of ['one', 'two', 'three']) {
      const found = await all(client.readStream(stream))
      for (const [index, { event: one }] of found.entries()) {
        expect(one?.revision).toBe(BigInt(index))
        const known = acknowledged.get(`${stream} ${one?.id}`)
        if (known === undefined) continue
        expect(one?.revision).toBe(known)
        next += 1
      }
    }
    expect(next).toBe(acknowledged.size)
  })

  test('while it is stopped an append waits, and afterwards it is there', async () => {
    await client.appendToStream('room', events(1))
    await server.signal('SIGSTOP')
    let done = false
    const appending = client.appendToStream('room', events(1), { deadline: 20_000 }).then((appended) => {
      done = true
      return appended
    })
    await wait(500)
    expect(done).toBe(false)
    await server.signal('SIGCONT')
    expect(await appending).toMatchObject({ nextExpectedRevision: 1n })
  })
})
