// Who gets what: every question, feed and mutation of the schema, by everybody.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { directIdOf } from '../../src/domain/ids.ts'
import { conversationStream } from '../../src/domain/streams.ts'
import { dmOpened } from '../fixtures/events.ts'
import { type Row, rows } from '../support/authorisationRows.ts'
import { type Caller, callers, newPeople, newPlace, type People } from '../support/callers.ts'
import { type OpenServer, startOpenServer } from '../support/openServer.ts'
import { outcomeOf } from '../support/outcome.ts'

let server: OpenServer
let people: People
beforeAll(async () => {
  server = await startOpenServer()
  people = await newPeople(server)
  const both = [people.ids.owner, people.ids.other] as const
  await server.plant(conversationStream(directIdOf(both)), dmOpened(...both))
})
afterAll(() => server[Symbol.asyncDispose]())

const visibilities = ['PUBLIC', 'PRIVATE'] as const

async function cell(row: Row, visibility: (typeof visibilities)[number], caller: Caller): Promise<string> {
  const place = await newPlace(people, visibility, caller)
  const outcome = await outcomeOf(people.client(caller), { ...row.ask(place, people), atLeast: place.position })
  if (row.endsSession) await people.renew(caller)
  return outcome
}

const cells = rows.flatMap((row) =>
  typeof row.expected === 'string'
    ? [{ name: row.name, row, visibility: 'PUBLIC' as const, expected: row.expected }]
    : visibilities.map((visibility) => ({
        name: `${row.name} (${visibility})`,
        row,
        visibility,
        // Of a row that has both.
        expected: typeof row.expected === 'string' ? row.expected : row.expected[visibility],
      })),
)

describe('who gets what', () => {
  test.each(cells)('$name', async ({ row, visibility, expected }) => {
    const words = expected.trim().split(/\s+/)
    const got = await Promise.all(callers.map(async (caller) => [caller, await cell(row, visibility, caller)] as const))
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(callers.map((caller, index) => [caller, words[index]])))
  })
})

test('every field of a root type has a row', () => {
  const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`),
  )
  const rowsOf = new Set(rows.map(({ name }) => name.split(':')[0]))
  expect(fields.filter((field) => !rowsOf.has(field))).toEqual([])
  expect([...rowsOf].filter((name) => !fields.includes(name ?? ''))).toEqual([])
})
