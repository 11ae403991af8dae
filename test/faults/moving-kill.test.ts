// An export and an import that are killed in the middle, again and again, and go on where they were.

import { copyFile, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import { parley } from '../support/cli.ts'
import { parleyKilled } from '../support/killing.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { newFolder } from '../support/testServer.ts'
import { event } from '../support/transfers.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 4)
const count = 20_000

let folder = ''
let data = ''
/** What an export that nobody disturbs gives. */
let whole = ''
beforeAll(async () => {
  folder = await newFolder()
  data = join(folder, 'data')
  whole = join(folder, 'whole.jsonl')
  const store = await openSqliteEventStore({ folder: data, keepsOnlyNewest })
  const appends = Array.from({ length: count / 2 }, (_, index) => [
    store.append(
      `room-${index % 50}`,
      [event({ data: { number: index }, body: { text: 'x'.repeat(index % 900) } })],
      'any',
    ),
    store.append(`read-${index % 500}-room_1`, [event()], 'any'),
  ])
  await Promise.all(appends.flat())
  await store.close()
  await parley(['export', whole, '--data', data])
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size

async function expectSame(left: string, right: string): Promise<void> {
  expect(Buffer.compare(await readFile(left), await readFile(right))).toBe(0)
}

test(`an export that is killed ${rounds} times is in the end as if it had not been`, {
  timeout: 60_000 + rounds * 10_000,
}, async () => {
  const random = new Random(chosenSeed())
  const file = join(folder, 'killed.jsonl')
  const total = await sizeOf(whole)
  let killed = 0
  for (let round = 0; round < rounds; round += 1) {
    // The last bytes are written after everything was read again: that too is a place to be killed at.
    const enough = round === rounds - 1 ? total - 200 : random.between(1, total)
    if (await parleyKilled(['export', file, '--data', data], async () => (await sizeOf(file)) >= enough)) killed += 1
    // What is there is taken for no export by anybody.
    else await truncate(file, random.between(0, total))
    const imported = await parley(['import', file, '--data', join(folder, 'nothing')])
    expect(imported).toMatchObject({ code: 1, stderr: expect.stringMatching(/is cut off|is no export/) })
  }
  expect(killed).toBeGreaterThan(0)
  expect(await parley(['export', file, '--data', data])).toMatchObject({ code: 0 })
  await expectSame(file, whole)
  expect(await sizeOf(join(folder, 'nothing/log.db'))).toBe(0)
})

test(`an import that is killed ${rounds} times is in the end as if it had not been, and no server believes the half of it`, {
  timeout: 60_000 + rounds * 20_000,
}, async () => {
  const seed = chosenSeed()
  console.info(`SEED=${seed}`)
  const random = new Random(seed)
  const to = join(folder, 'to')
  const log = join(to, 'log.db')
  let killed = 0
  let before = 0
  for (let round = 0; round < rounds; round += 1) {
    const more = random.between(1, 12) * 300_000
    const written = async () => (await sizeOf(log)) + (await sizeOf(`${log}-wal`))
    const begin = await written()
    if (!(await parleyKilled(['import', whole, '--data', to], async () => (await written()) - begin >= more))) break
    killed += 1
    const there = eventsIn(log)
    expect(there).toBeGreaterThanOrEqual(before)
    before = there
    if (there === 0 || (await sizeOf(join(to, 'documents.db'))) === 0) continue
    const start = await parley(['start', '--port', '0', '--data', to])
    expect(start).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Run "parley import" with the same file again'),
    })
    const made = await parley(['room', 'create', 'Tea', '--data', to])
    expect(made).toMatchObject({ code: 1, stderr: expect.stringContaining('parley import') })
    const saved = await parley(['backup', 'create', join(folder, `backup-${round}`), '--data', to])
    expect(saved).toMatchObject({ code: 1, stderr: expect.stringContaining('parley import') })
  }
  expect(killed).toBeGreaterThan(0)
  expect(await parley(['import', whole, '--data', to])).toMatchObject({ code: 0 })
  const back = join(folder, 'back.jsonl')
  expect(await parley(['export', back, '--data', to])).toMatchObject({ code: 0 })
  await expectSame(back, whole)
})

/** How many are in the log of a process that was killed. */
function eventsIn(log: string): number {
  using database = new DatabaseSync(log, { readOnly: true })
  return Number(database.prepare('SELECT count(*) AS count FROM events').get()?.count)
}

test('an export is not gone on with by the log of another server', async () => {
  const other = join(folder, 'other')
  const store = await openSqliteEventStore({ folder: other, keepsOnlyNewest })
  await store.append('room-1', [event()], 'none')
  await store.close()
  const file = join(folder, 'copy.jsonl')
  await copyFile(whole, file)
  expect(await parley(['export', file, '--data', other])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('it was exported from another log'),
  })
  await expectSame(file, whole)
})
