// Stopping a server, and starting one where it cannot run.

import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient } from '../support/client.ts'
import type { Attempt } from '../support/history.ts'
import { violations } from '../support/historyCheck.ts'
import { loggedEvents } from '../support/loggedEvents.ts'
import { newAccount, newAccounts } from '../support/newAccounts.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { newFolder, startServerProcess } from '../support/testServer.ts'
import { newWorld, Writer } from '../support/writer.ts'

let folder = ''
beforeEach(async () => {
  folder = await newFolder()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const start = (data: string) => parley(['start', '--data', data, '--port', '0', '--json'])

test('ACK: asked to stop under traffic, it finishes what it has begun, tells clients to come back and ends well; a second signal within a second is the same wish', {
  timeout: 60_000,
}, async () => {
  const seed = chosenSeed()
  const random = new Random(seed)
  await using server = await startServerProcess({ folder, env: { PARLEY_LOG_LEVEL: 'warn' } })
  const attempts: Attempt[] = []
  const account = await newAccount(server.graphql, attempts, 'register', 'ada')
  const ada = new ApiClient(server.graphql, account.token)
  const { rooms } = await ada.query('{ rooms { nodes { id } } }')
  const roomIds: string[] = rooms.nodes.map(({ id }: { id: string }) => id)
  const accounts = await newAccounts(server.graphql, attempts, { people: 1, guests: 3 })
  const world = newWorld(server.graphql, [account], attempts)
  world.rooms.push(...roomIds)
  const writers = accounts.map(
    (account, index) => new Writer({ world, account, random: random.fork(), name: `${seed}-${index}` }),
  )
  const closed = Promise.withResolvers<unknown>()
  const socket = ada.socket({ on: { closed: (event) => closed.resolve(event) } })
  const feed = socket.iterate({
    query: 'subscription ($id: ID!) { conversationFeed(conversationId: $id) { cursor } }',
    variables: { id: roomIds[0] },
  })
  await feed.next()
  const ending = feed.next().catch(() => 'the feed broke')

  const never = new AbortController()
  const working = Promise.all(writers.map((writer) => writer.work(never.signal)))
  // However slow the machine is.
  while (attempts.filter(({ outcome }) => outcome === 'ok').length <= 30) await sleep(20)
  const askedAt = performance.now()
  const code = server.stop()
  await sleep(random.between(0, 300))
  server.child.kill('SIGTERM')
  expect(await code, server.log()).toBe(0)
  expect(performance.now() - askedAt).toBeLessThan(10_000)
  expect(await closed.promise).toMatchObject({ code: 1012 })
  await working
  await ending
  const ok = attempts.filter(({ outcome }) => outcome === 'ok')
  expect(ok.length, `seed ${seed}`).toBeGreaterThan(20)
  const log = await loggedEvents(folder)
  expect(violations({ attempts, log, shown: new Map() }), `seed ${seed}`).toEqual([])
})

test('a folder that another server uses: the second one names the first, and ends with 1', async () => {
  await using server = await startServerProcess({ folder })
  const second = await start(folder)
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain(`in use by the process ${server.child.pid}`)
  await fetch(`${server.url}/readyz`).then(({ status }) => expect(status).toBe(200))
})

test('a killed server leaves the folder free', async () => {
  const first = await startServerProcess({ folder })
  await first.kill()
  await using second = await startServerProcess({ folder })
  expect(await second.stop()).toBe(0)
})

test('a folder that cannot be made', async () => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  const failed = await start(join(file, 'data'))
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toMatch(/--data/)
  expect(failed.stderr).not.toMatch(/ {4}at /)
})

test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a folder that may not be written (root may write everywhere)',
  async () => {
    await chmod(folder, 0o500)
    const failed = await start(folder)
    await chmod(folder, 0o700)
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toMatch(/may be written.*--data/)
  },
)

test.each(['log.db', 'documents.db'])('a folder of a newer version, told by %s', async (file) => {
  const server = await startServerProcess({ folder })
  expect(await server.stop()).toBe(0)
  const database = new DatabaseSync(join(folder, file))
  database.exec('PRAGMA user_version = 99')
  database.close()
  const failed = await start(folder)
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toMatch(/newer/)
})
