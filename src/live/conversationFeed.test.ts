// The feed of a conversation on the real engines: history and live as one.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { by, memberRemoved, messageEdited, messageSent, roomUpdated, userJoined } from '../../test/fixtures/events.ts'
import { ada, as, bob, eve, general, laptop } from '../../test/fixtures/people.ts'
import { Node } from '../../test/support/node.ts'
import { seeded } from '../../test/support/seeded.ts'
import type { Identity } from '../accounts/sessions.ts'
import { SessionWatch } from '../accounts/sessionWatch.ts'
import { newUuid } from '../commands/occasion.ts'
import { messageId, type UserId } from '../domain/ids.ts'
import { LogFollower } from '../eventstore/follower.ts'
import type { ConversationFeed } from './conversationFeed.ts'
import { beforeFirst, encodeCursor } from './cursor.ts'
import type { InboxFeed } from './inboxFeed.ts'
import { Live } from './live.ts'

const identityOf = (user: UserId, deadline = Number.POSITIVE_INFINITY): Identity => ({
  id: laptop,
  userId: user,
  userRevision: 0,
  actor: as(user),
  deadline,
})

/** Feeds of Ada's room, in which Bob is. */
async function listening() {
  const node = await Node.withRoom(bob)
  const { log: store, clock } = node
  const follower = new LogFollower({ store, after: await store.end() })
  const watch = new SessionWatch()
  const live = new Live({
    store,
    models: node.projecting.readModels,
    snapshots: node.commands.snapshots,
    follower,
    watch,
    now: clock.now,
  })
  follower.add(watch)
  follower.add(live)
  follower.start()
  const says = (...numbers: readonly number[]) =>
    node.plant(...numbers.map((number) => by(ada, messageSent(number, `${number}`, { id: messageId(newUuid()) }))))
  return {
    node,
    live,
    watch,
    says,
    handled: async () => expect(await follower.reached(await store.end(), 20_000)).toBe(true),
    async [Symbol.asyncDispose]() {
      await follower.close()
      await node[Symbol.asyncDispose]()
    },
  }
}

const fromTheBeginning = encodeCursor(general, beforeFirst)

/** The revisions that a feed brings until it has brought this one, or is over. */
async function revisionsUntil(feed: ConversationFeed, last: number): Promise<{ seen: number[]; cursor: string }> {
  const seen: number[] = []
  let cursor = ''
  for await (const frame of feed) {
    for (const event of frame.events) seen.push(event.revision)
    cursor = frame.cursor
    if ((seen.at(-1) ?? -1) >= last) break
  }
  return { seen, cursor }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('RESUME: across the seam of history and live, whenever it begins, nothing is missing or twice', async () => {
  await using all = await listening()
  let number = 0
  let resumed = { cursor: fromTheBeginning, revision: -1 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
      async (before, during) => {
        const say = async (counts: readonly number[]) => {
          for (const count of counts) {
            await all.says(...range(number + 1, number + count))
            number += count
          }
        }
        await say(before)
        const saying = say(during)
        const feed = await all.live.conversationFeed(identityOf(ada), general, resumed.cursor)
        await saying
        // The room's first three events are no messages.
        const last = number + 2
        const { seen, cursor } = await revisionsUntil(feed, last)
        expect(seen).toEqual(range(resumed.revision + 1, last))
        resumed = { cursor, revision: last }
      },
    ),
    seeded({ numRuns: 12, endOnFailure: true }),
  )
  expect(all.live.feeds).toBe(0)
}, 120_000)

test('without a cursor it begins now, with an empty frame that says where', async () => {
  await using all = await listening()
  const feed = await all.live.conversationFeed(identityOf(ada), general, undefined)
  expect((await feed.next()).value).toMatchObject({ events: [], caughtUp: true })
  await all.says(1)
  expect(await revisionsUntil(feed, 3)).toMatchObject({ seen: [3] })
})

test('REVOKE: after the end of access nothing comes, though it was waiting to be pulled', async () => {
  await using all = await listening()
  await all.node.plant(roomUpdated({ visibility: 'PRIVATE' }))
  await all.handled()
  const feed = await all.live.conversationFeed(identityOf(bob), general, fromTheBeginning)
  await all.says(1, 2)
  await all.node.plant(by(ada, memberRemoved(bob)))
  await all.says(3)
  await all.node.plant(by(ada, userJoined(bob)))
  await all.handled()
  // What ends it is the last that is seen; having come back, one asks for a new feed.
  expect((await revisionsUntil(feed, 100)).seen).toEqual(range(0, 6))
  await expect(all.live.conversationFeed(identityOf(eve), general, undefined)).rejects.toMatchObject({
    extensions: { code: 'NOT_FOUND' },
  })
})

test('SAME REVOKE: what was hidden just before access ended is hidden, though all of it was waiting to be pulled', async () => {
  await using all = await listening()
  const early = messageId(newUuid())
  await all.node.plant(by(ada, messageSent(1, 'before Eve', { id: early })), by(eve, userJoined(eve)))
  await all.handled()
  await all.node.openModels()
  const feed = await all.live.conversationFeed(identityOf(eve), general, undefined)
  const inbox = await all.live.inboxFeed(identityOf(eve), { detail: 'EVERYTHING' })
  await Promise.all([feed.next(), inbox.next()])
  const since = roomUpdated({ visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })
  const edited = by(ada, messageEdited(early, 'still before Eve', { subjectRevision: 3 }))
  await all.node.plant(by(ada, since), edited, by(ada, memberRemoved(eve)))
  await all.handled()
  const next = async (pulled: ConversationFeed | InboxFeed): Promise<unknown> =>
    (await pulled.next()).value?.events.map((event) => (event.kind === 'shown' ? event.event.type : event.kind))
  expect(await next(feed)).toEqual(['RoomUpdated', 'skipped', 'MemberRemoved'])
  expect((await feed.next()).done).toBe(true)
  expect(await next(inbox)).toEqual(['RoomUpdated', 'skipped', 'MemberRemoved', 'removed'])
})

test('a feed that is closed while it waits is over at once, and is counted no more', async () => {
  await using all = await listening()
  const feed = await all.live.conversationFeed(identityOf(ada), general, undefined)
  await feed.next()
  expect(all.live.feeds).toBe(1)
  const waiting = feed.next()
  feed.close()
  feed.close()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(all.live.feeds).toBe(0)
})

test('REVOKE: at the deadline of the session it is over', async () => {
  await using all = await listening()
  const { clock } = all.node
  const feed = await all.live.conversationFeed(identityOf(ada, clock.now() + 1_000), general, undefined)
  await feed.next()
  await all.says(1)
  await all.handled()
  clock.time += 1_000
  expect((await feed.next()).done).toBe(true)
})

test('a cursor of another log is answered with a reset', async () => {
  await using all = await listening()
  const other = encodeCursor(general, { revision: 1, anchor: 'f'.repeat(16) })
  const feed = await all.live.conversationFeed(identityOf(ada), general, other)
  expect((await feed.next()).value).toMatchObject({ events: [], reset: { reason: 'LOG_REPLACED' } })
  feed.close()
})
