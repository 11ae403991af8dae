import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type NewEvent, type RecordedEvent, WrongExpectedRevision } from '../port.ts'
import { openSqliteEventStore, type SqliteEventStore } from './store.ts'

const eventOf = (number: number): NewEvent => ({
  id: randomUUID(),
  type: 'Counted',
  data: { number },
  ...(number % 3 === 0 ? {} : { body: { text: `The ${number}th` } }),
  metadata: {},
})

let folder: string
let store: SqliteEventStore

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-appending-'))
  store = await openSqliteEventStore({ folder, keepsOnlyNewest: (stream) => stream.startsWith('newest-') })
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

async function all(): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const page of store.readAll()) events.push(...page)
  return events
}

const plain = ({ id, data, body }: NewEvent) => ({ id, data, body })

test('appends made together are one commit, and stand in the order in which they were made', async () => {
  const events = Array.from({ length: 64 }, (_, number) => eventOf(number))
  const done = await Promise.all(events.map((event, index) => store.append(`room-${index % 5}`, [event], 'any')))
  expect(store.statistics()).toEqual({ appends: 64, commits: 1 })
  expect(done.map(({ revision }) => revision)).toEqual(events.map((_, index) => Math.floor(index / 5)))
  const stored = await all()
  expect(stored.map(plain)).toEqual(events.map(plain))
  expect(stored.map(({ position }) => position)).toEqual(done.map(({ position }) => position))
})

test('among appends made together, a repeat and a conflict each get their own answer and leave the others alone', async () => {
  const old = eventOf(1)
  await store.append('room-0', [old], 'none')
  const appends = Array.from({ length: 40 }, (_, index) => ({
    stream: `room-${index % 4}`,
    events: [eventOf(index), eventOf(100 + index)],
  }))
  const repeated = store.append('room-9', appends[0]?.events ?? [], 'none')
  const answers = appends.flatMap(({ stream, events }, index) => {
    const answer = store.append(stream, events, 'any')
    if (index === 12) return [answer, store.append(stream, events, 'any')]
    if (index === 24) return [answer, store.append('room-0', [eventOf(7), old], 'any')]
    if (index === 31) return [answer, store.append('newest-1', [eventOf(8)], 'any'), store.append('room-1', [], 99)]
    return [answer]
  })
  const settled = await Promise.allSettled([repeated, ...answers])
  const refused = settled.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason)
  expect(refused).toEqual([expect.any(WrongExpectedRevision), expect.any(WrongExpectedRevision)])
  const again = settled.filter((answer) => answer.status === 'fulfilled' && answer.value.repeated)
  expect(again).toHaveLength(1)
  expect(store.statistics().commits).toBe(2)

  const stored = await all()
  for (const room of [0, 1, 2, 3]) {
    const mine = stored.filter(({ stream }) => stream === `room-${room}`)
    const wanted = appends.filter(({ stream }) => stream === `room-${room}`).flatMap(({ events }) => events)
    expect(mine.map(plain)).toEqual([...(room === 0 ? [old] : []), ...wanted].map(plain))
    expect(mine.map(({ revision }) => revision)).toEqual(mine.map((_, revision) => revision))
  }
  const last = await store.append('room-3', [eventOf(1)], 19)
  expect(last.position > (stored.at(-1)?.position ?? '')).toBe(true)
})

test('an append that cannot be written as asked is refused, and commits nothing', async () => {
  await expect(store.append('room-1', [{ ...eventOf(1), id: 'no id' }], 'any')).rejects.toThrow(TypeError)
  await store.append('room-1', [eventOf(2)], 'none')
  expect(store.statistics()).toEqual({ appends: 1, commits: 1 })
})

test('what is forgotten while a batch is being made is forgotten', async () => {
  const said = eventOf(1)
  await store.append('room-1', [said], 'none')
  const appends = Array.from({ length: 30 }, (_, index) => store.append('room-1', [eventOf(index)], 'any'))
  await store.forget([said.id])
  await Promise.all(appends)
  const stored = await all()
  expect(stored).toHaveLength(31)
  expect(stored[0]?.body).toBeUndefined()
  expect(stored[2]?.body).toEqual({ text: 'The 1th' })
})

test('what was asked for before the log is closed is written', async () => {
  const appends = Array.from({ length: 30 }, (_, index) => store.append('room-1', [eventOf(index)], 'any'))
  await store.close()
  expect((await Promise.all(appends)).at(-1)).toMatchObject({ revision: 29 })
})
