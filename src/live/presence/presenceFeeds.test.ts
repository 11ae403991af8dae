// What those who follow presence are told, and how often.

import { expect, test } from 'vitest'
import { presenceChanged } from '../../../test/fixtures/events.ts'
import { ada, as, bob, clock, eve, general, laptop } from '../../../test/fixtures/people.ts'
import { written } from '../../../test/support/node.ts'
import { type UserId, userId } from '../../domain/ids.ts'
import { presenceStream } from '../../domain/streams.ts'
import type { Position } from '../../eventstore/port.ts'
import { OnlinePeople } from './online.ts'
import { PresenceFeeds } from './presenceFeeds.ts'

const identity = { id: laptop, userId: ada, userRevision: 0, actor: as(ada), deadline: Number.POSITIVE_INFINITY }
const person = (n: number): UserId => userId(`a0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`)
const crowd = (count: number): readonly UserId[] => Array.from({ length: count }, (_, n) => person(n))

/** Feeds of a conversation with these members, whose readers can lose the right to read. */
function feeding(members: readonly UserId[]) {
  const online = new OnlinePeople()
  const inside = new Set(members)
  let revision = 0
  const state = { ends: [] as (() => void)[], held: 0 }
  const feeds = new PresenceFeeds({
    online,
    live: {
      readers: async (_identity, _conversation, onEnd) => {
        state.held++
        state.ends.push(onEnd)
        return {
          conversationId: general,
          memberCount: inside.size,
          isMember: (user) => inside.has(user),
          members: () => inside.keys(),
          [Symbol.dispose]: () => void state.held--,
        }
      },
    },
  })
  const change = (user: UserId, there: boolean) => {
    const nodes = there ? { one: [{ id: 'laptop', since: clock(1), away: false }] } : {}
    const position = `${++revision}`.padStart(8, '0') as Position
    const event = { ...written(presenceChanged({ nodes })), stream: presenceStream(user), revision, position }
    online.deliver({ events: [event], position, caughtUp: true })
  }
  return {
    feeds,
    state,
    inside,
    comes: (user: UserId) => change(user, true),
    goes: (user: UserId) => change(user, false),
  }
}

test('whoever reads slowly gets each of those who have changed once, as they are then', async () => {
  const { feeds, comes, goes } = feeding([])
  const feed = await feeds.feed(identity, { userIds: [ada, bob] })
  expect(await feed.next()).toEqual({ done: false, value: { users: [ada, bob], initial: true } })
  for (let n = 0; n < 100; n++) {
    comes(ada)
    goes(ada)
    comes(eve)
    goes(eve)
  }
  comes(bob)
  const { value } = await feed.next()
  expect(value).toEqual({ users: [ada, bob], initial: false, atLeast: '00000401' })
  feed.close()
})

test('a conversation shows 500 members who are there at first, then at most one frame a second, of 500 too', async () => {
  const { feeds, comes, goes } = feeding(crowd(1_200))
  for (const user of crowd(600)) comes(user)
  comes(bob)
  const feed = await feeds.feed(identity, { conversationId: general })
  const begun = performance.now()
  expect((await feed.next()).value?.users).toEqual(crowd(500))
  for (const user of crowd(600)) goes(user)
  goes(bob)
  expect((await feed.next()).value).toMatchObject({ users: crowd(500), initial: false })
  expect(performance.now() - begun).toBeGreaterThan(950)
  expect((await feed.next()).value).toMatchObject({ users: crowd(600).slice(500) })
  expect(performance.now() - begun).toBeGreaterThan(1_950)
  feed.close()
})

test('who has left meanwhile is told of no more', async () => {
  const { feeds, comes, inside } = feeding([ada, bob])
  const feed = await feeds.feed(identity, { conversationId: general })
  await feed.next()
  comes(bob)
  comes(ada)
  inside.delete(bob)
  expect((await feed.next()).value?.users).toEqual([ada])
  feed.close()
})

test('REVOKE: whoever may no longer read is told nothing more, and lets go of the conversation', async () => {
  const { feeds, comes, state } = feeding([ada, bob])
  const feed = await feeds.feed(identity, { conversationId: general })
  await feed.next()
  comes(bob)
  for (const end of state.ends) end()
  expect(await feed.next()).toEqual({ done: true, value: undefined })
  expect(state.held).toBe(0)
  comes(ada)
})
