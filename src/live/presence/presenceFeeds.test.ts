// What those who follow presence are told, and how often.

import { expect, test } from 'vitest'
import { ada, as, bob, eve, garden, general, laptop } from '../../../test/fixtures/people.ts'
import { crowd, feeding } from '../../../test/support/presenceFeeding.ts'

const identity = { id: laptop, userId: ada, userRevision: 0, actor: as(ada), deadline: Number.POSITIVE_INFINITY }

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

test('of people that are named comes a frame in 200 ms at most, with all who have changed', async () => {
  const { feeds, comes, goes } = feeding([])
  const feed = await feeds.feed(identity, { userIds: [ada, bob] })
  await feed.next()
  const begun = performance.now()
  comes(ada)
  const next = feed.next()
  await new Promise((resolve) => setTimeout(resolve, 50))
  comes(bob)
  goes(bob)
  expect((await next).value?.users).toEqual([ada, bob])
  expect(performance.now() - begun).toBeGreaterThan(190)
  feed.close()
})

test('a conversation shows 500 members who are there at first, then at most one frame a second, of 500 too', async () => {
  const { feeds, comes, goes } = feeding(crowd(1_200))
  for (const user of crowd(600)) comes(user)
  comes(bob)
  const feed = await feeds.feed(identity, { conversationId: general })
  expect((await feed.next()).value?.users).toEqual(crowd(500))
  const begun = performance.now()
  for (const user of crowd(600)) goes(user)
  goes(bob)
  expect((await feed.next()).value).toMatchObject({ users: crowd(500), initial: false })
  expect(performance.now() - begun).toBeGreaterThan(950)
  expect((await feed.next()).value).toMatchObject({ users: crowd(600).slice(500) })
  expect(performance.now() - begun).toBeGreaterThan(1_950)
  feed.close()
})

test('those who follow a conversation get the very same frames', async () => {
  const { feeds, comes } = feeding(crowd(10))
  const followers = await Promise.all(crowd(5).map(() => feeds.feed(identity, { conversationId: general })))
  const told = async () => (await Promise.all(followers.map((feed) => feed.next()))).map(({ value }) => value?.shared)
  for (let round = 0; round < 2; round++) {
    const made = await told()
    expect(made[0]).toBeDefined()
    expect(new Set(made).size).toBe(1)
    for (const user of crowd(3)) comes(user)
  }
  for (const feed of followers) feed.close()
})

test('a change asks only the conversations that the person is in', async () => {
  const { feeds, state, comes, joins, leaves } = feeding(crowd(3))
  const rooms = Array.from({ length: 200 }, (_, n) => garden.replace(/2$/, `${n + 10}`))
  const followers = await Promise.all(rooms.map((conversationId) => feeds.feed(identity, { conversationId })))
  await Promise.all(followers.map((feed) => feed.next()))
  const here = await feeds.feed(identity, { conversationId: general })
  await here.next()
  joins(bob)
  state.asked = 0
  comes(bob)
  expect((await here.next()).value?.users).toEqual([bob])
  // Once for the one room that was told of it, though 201 are followed.
  expect(state.asked).toBe(1)
  leaves(bob)
  comes(eve)
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  expect(state.asked).toBe(1)
  for (const feed of [here, ...followers]) feed.close()
  expect(state.held).toBe(0)
})

test('who comes into a conversation is told of from then on, and who has left meanwhile no more', async () => {
  const { feeds, comes, goes, joins, leaves } = feeding([ada, bob])
  const feed = await feeds.feed(identity, { conversationId: general })
  await feed.next()
  joins(eve)
  comes(bob)
  comes(ada)
  comes(eve)
  leaves(bob)
  expect((await feed.next()).value?.users).toEqual([ada, eve])
  joins(bob)
  goes(bob)
  expect((await feed.next()).value?.users).toEqual([bob])
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
