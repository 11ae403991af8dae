// The tests of the API, as they are, on servers whose log is in EventStoreDB and whose read models are in MongoDB.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startClusterEngines } from '../support/clusterEngines.ts'
import { startTestServer, useEngines } from '../support/testServer.ts'

/** What runs where nothing is said: something of each topic. */
const some = [
  ...['smoke', 'accounts', 'own-sessions', 'session-ends', 'rooms', 'private-rooms', 'invitations', 'direct'],
  ...['messages', 'idempotency', 'reads', 'feed-resume', 'feed-sharing', 'server-feed'],
]

/** PARLEY_TEST_CLUSTER: `all`, or names with commas between them. */
const asked = process.env.PARLEY_TEST_CLUSTER ?? some.join()
const chosen = new Set(asked.split(','))
const folder = fileURLToPath(new URL('../api/', import.meta.url))

// A server of these has further to its stores than the tests take for granted.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const engines = await startClusterEngines()
if (engines) useEngines(engines.settings)
afterAll(async () => {
  await engines?.[Symbol.asyncDispose]()
}, 60_000)

for (const file of readdirSync(folder).sort()) {
  const name = file.replace(/\.test\.ts$/, '')
  if (name === file) continue
  if (!engines) test(name, ({ skip }) => skip('there is no MongoDB here'))
  else if (!chosen.has('all') && !chosen.has(name)) test(name, ({ skip }) => skip('PARLEY_TEST_CLUSTER=all runs it'))
  else
    describe(name, async () => {
      // Before the hooks of the file. A server that it starts while it is loaded is on the first log.
      beforeAll(() => engines.newLog())
      await import(join(folder, file))
    })
}

test.runIf(engines)('control: these servers keep neither a log nor read models in their folders', async () => {
  await using server = await startTestServer()
  for (const file of ['log.db', 'documents.db', 'keys.db']) expect(existsSync(join(server.folder, file))).toBe(false)
  expect(existsSync(join(server.folder, 'lock.db'))).toBe(true)
})
