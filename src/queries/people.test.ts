// Ten thousand people who are there, in rooms of all sizes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usernames } from '../../projections/reservations.ts'
import { guestCreated, roomCreated, userDisabled, userJoined, usernameClaimed } from '../../test/fixtures/events.ts'
import { general } from '../../test/fixtures/people.ts'
import { generalStream, Node, written } from '../../test/support/node.ts'
import { roomId, type UserId, userId } from '../domain/ids.ts'
import { conversationStream, usernameStream, userStream } from '../domain/streams.ts'
import type { Asking } from './asking.ts'
import { Consistency } from './consistency.ts'
import { loadersFor } from './loaders.ts'
import { PeopleQueries } from './people.ts'

const count = 10_000
const person = (n: number): UserId => userId(`a0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`)
const nameOf = (n: number): string => `user-${`${n}`.padStart(5, '0')}`
const everyone = Array.from({ length: count }, (_, n) => person(n))
const small = roomId('10000000-0000-4000-8000-000000000009')
/** Has no account in the read model, and no membership. */
const strangers = Array.from({ length: count }, (_, n) => userId(`b0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`))

let node: Node

beforeAll(async () => {
  node = await Node.open()
  const { log } = node
  await Promise.all(
    everyone.map(async (user, n) => {
      await log.append(userStream(user), [written(guestCreated(nameOf(n)))], 'none')
      // The name of the third leads to somebody else.
      await log.append(usernameStream(nameOf(n)), [written(usernameClaimed(n === 3 ? person(4) : user))], 'none')
    }),
  )
  await log.append(userStream(person(5)), [written(userDisabled)], 'any')
  await log.append(generalStream, [written(roomCreated())], 'none')
  for (let first = 0; first < count; first += 1_000)
    await log.append(
      generalStream,
      everyone.slice(first, first + 1_000).map((user) => written(userJoined(user))),
      'any',
    )
  await log.append(
    conversationStream(small),
    [roomCreated({ slug: 'small' }), ...everyone.slice(10, 15).map((user) => userJoined(user))].map((event) =>
      written(event),
    ),
    'none',
  )
  await node.level()
}, 180_000)
afterAll(() => node[Symbol.asyncDispose]())

/** Queries while these people are there, asked by the first of all. */
function asked(there: readonly UserId[]) {
  const models = node.projecting.readModels
  const online = new Set(there)
  const people = new PeopleQueries({
    models,
    online: { size: online.size, has: (user) => online.has(user), ids: () => online.keys() },
  })
  const consistency = new Consistency(models)
  const asking: Asking = {
    viewer: person(0),
    consistency,
    loaders: loadersFor({ models, consistency, viewer: person(0), withheld: undefined, frame: false }),
  }
  return { people, asking }
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await work()
  expect(performance.now() - begun).toBeLessThan(ms)
  return result
}

describe('of 10,000 people who are there', () => {
  test('those in a room of 10,000 are counted quickly, and again at once', async () => {
    const { people } = asked(everyone)
    expect(await within(5_000, () => people.onlineCount(general))).toBe(count)
    expect(await within(50, () => people.onlineCount(general))).toBe(count)
  })
  test('those in a small room are counted by its members', async () => {
    const { people } = asked(everyone)
    node.documents.reads.length = 0
    expect(await people.onlineCount(small)).toBe(5)
    expect(node.documents.reads).toHaveLength(2)
  })
  test('some who are nobody here are not counted', async () => {
    const { people } = asked([...everyone.slice(0, 12), ...strangers])
    expect(await within(5_000, () => people.onlineCount(general))).toBe(12)
    expect(await people.onlineCount(small)).toBe(2)
  })
  test('a page of members, and one of people, is read quickly', async () => {
    const { people, asking } = asked(everyone)
    const members = await within(5_000, () => people.members(asking, general, { first: 3, online: true }))
    expect(members.edges.map(({ node: { userId: user } }) => user)).toEqual(everyone.slice(0, 3))
    const found = await within(5_000, () => people.people(asking, { first: 3, online: true, query: 'user-0' }))
    expect(found.edges.map(({ node: { username } }) => username)).toEqual([nameOf(0), nameOf(1), nameOf(2)])
    expect(await people.people(asking, { online: false, query: 'user-000' })).toMatchObject({ edges: [] })
  })
})

test.each([
  ['few', [7, 2, 9_000, 5, 3, 400]],
  ['many', [...everyone.keys()].filter((n) => n % 2 === 0)],
])('pages of %s people who are there come in order, each of them once', async (_, numbers) => {
  const there = numbers.map(person)
  const { people, asking } = asked(there)
  const expected = numbers.filter((n) => n !== 3 && n !== 5).sort((a, b) => a - b)
  const names: string[] = []
  const members: UserId[] = []
  for (let after: string | undefined, more = true; more && names.length < 500; ) {
    const page = await people.people(asking, { first: 100, after, online: true })
    names.push(...page.edges.map(({ node: { username } }) => username))
    after = page.edges.at(-1)?.cursor
    more = page.hasNextPage
  }
  for (let after: string | undefined, more = true; more && members.length < 500; ) {
    const page = await people.members(asking, general, { first: 100, after, online: true })
    members.push(...page.edges.map(({ node: { userId: user } }) => user))
    after = page.edges.at(-1)?.cursor
    more = page.hasNextPage
  }
  expect(names).toEqual(expected.slice(0, names.length).map(nameOf))
  expect(members).toEqual(
    [...numbers]
      .sort((a, b) => a - b)
      .slice(0, members.length)
      .map(person),
  )
  expect(names.length).toBe(Math.min(expected.length, 500))
  const page = await people.people(asking, { first: 1, online: true })
  expect(await page.total()).toBe(expected.length)
})

test('names that lead to others, and disabled accounts, are left out', async () => {
  const { people, asking } = asked([])
  const names = (await people.people(asking, { query: 'USER-0000' })).edges.map(({ node: { username } }) => username)
  expect(names).toEqual([0, 1, 2, 4, 6, 7, 8, 9].map(nameOf))
  expect((await node.projecting.readModels.get(usernames, [nameOf(3)]))[0]?.document.userId).toBe(person(4))
})

test('those who are not there are the others', async () => {
  const { people, asking } = asked([person(10), person(12)])
  const { edges, total } = await people.members(asking, small, { online: false })
  expect(edges.map(({ node: { userId: user } }) => user)).toEqual([11, 13, 14].map(person))
  expect(await total()).toBe(3)
})
