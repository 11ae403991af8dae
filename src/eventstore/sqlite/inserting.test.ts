import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type NewEvent, WrongExpectedRevision } from '../port.ts'
import { openSqliteEventStore } from './store.ts'

const eventOf = (number: number): NewEvent => ({
  id: randomUUID(),
  type: 'Counted',
  data: { number },
  ...(number % 3 === 0 ? {} : { body: { text: `The ${number}th` } }),
  metadata: {},
})

test('a long append is written whole, and one with an id that is there already not at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-inserting-'))
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
  try {
    const first = Array.from({ length: 25 }, (_, number) => eventOf(number))
    await store.append('room-a', first, 'none')
    const used = first[3]?.id ?? ''
    for (const place of [5, 15, 22]) {
      const second = Array.from({ length: 25 }, (_, number) => eventOf(number))
      const refused = second.map((event, index) => (index === place ? { ...event, id: used } : event))
      await expect(store.append('room-a', refused, 'any')).rejects.toThrow(WrongExpectedRevision)
    }
    const third = Array.from({ length: 12 }, (_, number) => eventOf(25 + number))
    expect(await store.append('room-a', third, 24)).toMatchObject({ firstRevision: 25, revision: 36 })
    const read = []
    for await (const page of store.readStream('room-a')) read.push(...page)
    expect(read.map(({ id, revision, data, body }) => ({ id, revision, data, body }))).toEqual(
      [...first, ...third].map(({ id, data, body }, revision) => ({ id, revision, data, body })),
    )
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
})
