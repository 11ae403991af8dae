// Ids that lead nowhere, or where the caller may not go, in every argument that takes one: nothing comes of them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { parseId, rawId } from '../../src/domain/ids.ts'
import { rows } from '../support/authorisationRows.ts'
import { newPeople, newPlace, type People } from '../support/callers.ts'
import { send } from '../support/client.ts'
import { givenIds, idArguments } from '../support/idArguments.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, plantSession, startOpenServer } from '../support/openServer.ts'
import { outcomeOf } from '../support/outcome.ts'

let server: OpenServer
let people: People
/** There, but not for the owner of the room. */
let hidden: readonly string[]
/** There, for everyone. */
let visible: readonly string[]
beforeAll(async () => {
  server = await startOpenServer()
  people = await newPeople(server)
  const stranger = people.client('stranger')
  const { room } = await mutate(stranger, 'createRoom', { name: 'Den', visibility: 'PRIVATE' }, 'room { id }')
  const { message } = await send(stranger, room.id, 'hidden')
  const direct = await mutate(
    stranger,
    'sendDM',
    { to: [people.ids.member], text: 'hidden' },
    'message { id conversation { id } }',
  )
  const session = await plantSession(server, people.ids.stranger)
  const membership = `membership_${room.id}_${rawId(people.ids.stranger)}`
  hidden = [room.id, message.id, membership, session.id, direct.message.id, direct.message.conversation.id]
  const place = await newPlace(people, 'PUBLIC', 'stranger')
  visible = [place.room, place.message, place.membership, people.ids.stranger]
})
afterAll(() => server[Symbol.asyncDispose]())

const nothing = '00000000-0000-4000-8000-000000000000'
const malformed = (id: string) => [
  '',
  ' ',
  '0',
  'nonsense',
  id.toUpperCase(),
  ` ${id}`,
  `${id}x`,
  id.slice(0, -1),
  id.slice(0, id.indexOf('_') + 1),
  `${id.slice(0, id.indexOf('_'))}_${'0'.repeat(2_000)}`,
  `room_${id}`,
  '../../log.db',
  '💥\u202e',
]

/** What may not be given in place of an id: everything else is another good one. */
function foreignTo(id: string): readonly string[] {
  const type = parseId(id)?.type
  const absent = ['room', 'dm', 'user', 'message', 'session'].map((prefix) => `${prefix}_${nothing}`)
  const memberships = [`membership_room_${nothing}_${nothing}`, `membership_${id}_${nothing}`]
  return [
    ...malformed(id),
    ...absent,
    ...memberships,
    ...hidden,
    ...visible.filter((other) => parseId(other)?.type !== type),
  ]
}

/** Anything that is there is good here, and the owner sees these. */
const takesAnything = (argument: string): boolean => /^Query\.nodes?\(/.test(argument)

describe('nothing comes of an id that is foreign', () => {
  test.each(rows)('in $name', async (row) => {
    const place = await newPlace(people, 'PRIVATE', 'owner')
    const asking = row.ask(place, people)
    const wrong: string[] = []
    for (const { argument, value, replaced } of givenIds(schema, asking)) {
      const foreign = foreignTo(value).filter((id) => !takesAnything(argument) || !visible.includes(id))
      const outcomes = await Promise.all(
        foreign.map(async (id) => {
          const operation = { document: asking.document, variables: replaced(id), atLeast: place.position }
          return [id, await outcomeOf(people.client('owner'), operation)] as const
        }),
      )
      for (const [id, outcome] of outcomes)
        if (!/^(null|NOT_FOUND|BAD_INPUT)$/.test(outcome)) wrong.push(`${argument} ${id.slice(0, 60)}: ${outcome}`)
    }
    expect(wrong).toEqual([])
  })
})

test('every argument that takes an id is tried', async () => {
  const place = await newPlace(people, 'PRIVATE', 'owner')
  const tried = new Set(
    rows.flatMap((row) => [
      ...(row.inside ?? []),
      ...givenIds(schema, row.ask(place, people)).map(({ argument }) => argument),
    ]),
  )
  expect(idArguments(schema).filter((argument) => !tried.has(argument))).toEqual([])
})
