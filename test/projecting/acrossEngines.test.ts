// FOLD: whichever engine holds the read models, they are the same, byte for byte.
//
// PARLEY_FOLD_EVENTS=100000 makes the log longer; SEED=… makes the same one again.

import { createHash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { allProjections } from '../../projections/all.ts'
import { openMongoDocuments } from '../../src/documents/mongo/open.ts'
import type { Documents } from '../../src/documents/port.ts'
import { canonicalJson } from '../../src/domain/canonicalJson.ts'
import { LogFollower } from '../../src/eventstore/follower.ts'
import type { EventStore } from '../../src/eventstore/port.ts'
import { Projecting } from '../../src/projecting/projecting.ts'
import { startMongo } from '../support/mongodb/server.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { RandomLog } from '../support/randomLog.ts'
import { collectingLogger, World } from './world.ts'

const events = Number(process.env.PARLEY_FOLD_EVENTS ?? 20_000)
/** Of them, those that are folded one batch after the other, beside a log that grows. */
const live = Math.min(2_000, events / 5)
const seed = chosenSeed()

const server = await startMongo()
afterAll(() => server?.stop())

test.skipIf(server === undefined)(
  `FOLD: ${events} events give the same documents on SQLite and on MongoDB, byte for byte (seed ${seed})`,
  { timeout: 60_000 + events * 20 },
  async () => {
    await using world = await World.open()
    const log = new RandomLog(world.store, new Random(seed))
    await log.growTo(events - live)
    const documents = await openMongoDocuments({ url: server?.url('fold') ?? '' })
    const models = [await follow(world.store, world.documents), await follow(world.store, documents)] as const
    try {
      await log.growTo(events)
      const end = await world.store.end()
      for (const { projecting } of models)
        expect(await projecting.readModels.waitFor(end, { timeoutMs: 30_000 + events })).toBe(true)
      const [inSqlite, inMongo] = [await contentsOf(models[0]), await contentsOf(models[1])]
      expect(inSqlite.size).toBeGreaterThan(events / 3)
      expect(differences(inSqlite, inMongo)).toEqual([])
      expect(fingerprint(inMongo)).toBe(fingerprint(inSqlite))
      console.log(`${events} events, ${inMongo.size} documents on both, ${fingerprint(inMongo)} (SEED=${seed})`)
    } finally {
      for (const { close } of models) await close()
      for (const collection of await documents.collections()) await documents.dropCollection(collection)
      await documents.close()
    }
  },
)

interface Following {
  readonly documents: Documents
  readonly projecting: Projecting
  close(): Promise<void>
}

async function follow(store: EventStore, documents: Documents): Promise<Following> {
  const options = { store, documents, logger: collectingLogger(), projections: allProjections, graceMs: 20 }
  const projecting = new Projecting(options)
  await projecting.open()
  await projecting.catchUp()
  const follower = new LogFollower({ store, after: projecting.checkpoint })
  follower.add(projecting)
  follower.start()
  return {
    documents,
    projecting,
    close: async () => {
      await follower.close()
      await projecting.close()
    },
  }
}

/** Canonical JSON by projection and id. */
async function contentsOf({ documents, projecting }: Following): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>()
  for (const { name, collection } of projecting.status()) {
    if (collection === undefined) throw new Error(`${name} has no build.`)
    // Few pages: the server of the tests sorts everything for each.
    for await (const page of documents.scan(collection, { pageSize: 10_000 }))
      for (const { id, revision, position, document } of page)
        all.set(`${name} ${id}`, canonicalJson({ revision, position, document }))
  }
  return all
}

/** The first few, so that a failure can be read. */
function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly unknown[] {
  const keys = new Set([...a.keys(), ...b.keys()])
  return [...keys]
    .filter((key) => a.get(key) !== b.get(key))
    .map((key) => [key, a.get(key), b.get(key)])
    .slice(0, 3)
}

function fingerprint(contents: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  for (const key of [...contents.keys()].sort()) hash.update(`${key} ${contents.get(key)}\n`)
  return hash.digest('hex')
}
