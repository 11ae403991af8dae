// A log moved from the embedded engine to EventStoreDB and back, over the protocol as our own server speaks it.

import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import { parley } from '../support/cli.ts'
import { EventStoreDbProcess } from '../support/eventstoredb/process.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { newFolder } from '../support/testServer.ts'
import { fill } from '../support/transfers.ts'

interface World {
  readonly folder: string
  readonly server: EventStoreDbProcess
  /** Settings of a node whose log is on the server. */
  readonly cluster: Readonly<Record<string, string>>
}

async function world(batchAppend: boolean): Promise<World> {
  const folder = await newFolder()
  await mkdir(join(folder, 'server'))
  const server = new EventStoreDbProcess(join(folder, 'server'), { batchAppend })
  await server.start()
  onTestFinished(async () => {
    await server.signal('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  return { folder, server, cluster: { PARLEY_EVENTSTORE: server.connectionString } }
}

/** A log of all kinds of events in a folder, and its export. */
async function exported(folder: string, groups: number): Promise<string> {
  const seed = chosenSeed()
  console.info(`SEED=${seed}`)
  const data = join(folder, 'embedded')
  const store = await openSqliteEventStore({ folder: data, keepsOnlyNewest })
  await fill(store, new Random(seed), groups)
  await store.close()
  const file = join(folder, 'embedded.jsonl')
  expect(await parley(['export', file, '--data', data])).toMatchObject({ code: 0 })
  return file
}

const expectSame = async (left: string, right: string) =>
  expect(Buffer.compare(await readFile(left), await readFile(right))).toBe(0)

test.for([true, false])(
  'from embedded to EventStoreDB and back, with batch append: %s, the export stays the same',
  {
    timeout: 120_000,
  },
  async (batchAppend) => {
    const { folder, cluster } = await world(batchAppend)
    const file = await exported(folder, 250)
    const node = join(folder, 'node')
    expect(await parley(['import', file, '--data', node], cluster)).toMatchObject({ code: 0 })
    expect(await parley(['import', file, '--data', node], cluster)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('were there already'),
    })
    const there = join(folder, 'there.jsonl')
    expect(await parley(['export', there, '--data', node], cluster)).toMatchObject({ code: 0 })
    await expectSame(there, file)
    const [again, back] = [join(folder, 'again'), join(folder, 'back.jsonl')]
    expect(await parley(['import', there, '--data', again])).toMatchObject({ code: 0 })
    expect(await parley(['export', back, '--data', again])).toMatchObject({ code: 0 })
    await expectSame(back, file)
    // The log lies elsewhere: what is kept here, the keys of what was said, is backed up.
    const backup = join(folder, 'backup')
    expect(await parley(['backup', 'create', backup, '--data', node], cluster)).toMatchObject({ code: 0 })
    expect(await parley(['backup', 'verify', backup])).toMatchObject({ code: 0 })
  },
)

test.for([true, false])(
  'an import whose log server is killed and comes back ends as if it had not been, with batch append: %s',
  {
    timeout: 120_000,
  },
  async (batchAppend) => {
    const { folder, server, cluster } = await world(batchAppend)
    const file = await exported(folder, 600)
    const node = join(folder, 'node')
    const random = new Random(chosenSeed())
    let over = false
    const killing = async () => {
      for (let round = 0; round < 3 && !over; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, random.between(700, 1_500)))
        await server.signal('SIGKILL')
        await new Promise((resolve) => setTimeout(resolve, random.between(10, 300)))
        await server.start()
      }
    }
    const killed = killing()
    let said = await parley(['import', file, '--data', node], cluster)
    // It is tried again where the log was away for too long: each time it says so.
    for (let tries = 0; said.code !== 0 && tries < 5; tries += 1) {
      expect(said.stderr).toMatch(/The same command goes on where the log ends|cannot be reached|does not answer/)
      said = await parley(['import', file, '--data', node], cluster)
    }
    over = true
    await killed
    expect(said).toMatchObject({ code: 0 })
    const back = join(folder, 'back.jsonl')
    expect(await parley(['export', back, '--data', node], cluster)).toMatchObject({ code: 0 })
    await expectSame(back, file)
  },
)
