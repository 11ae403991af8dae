// Who comes and goes, for readers of all speeds.

import { expect, test } from 'vitest'
import { presenceChanged } from '../../test/fixtures/events.ts'
import { ada, clock } from '../../test/fixtures/people.ts'
import { Node, written } from '../../test/support/node.ts'
import type { UserId } from '../domain/ids.ts'
import { presenceStream } from '../domain/streams.ts'
import type { Position } from '../eventstore/port.ts'
import { OnlinePeople } from './presence/online.ts'
import { ServerFeeds } from './serverFeed.ts'

async function feeding(node: Node) {
  const online = new OnlinePeople()
  const feeds = new ServerFeeds({ store: node.log, follower: { handled: await node.log.end() }, online })
  let revision = 0
  const change = (user: UserId, there: boolean) => {
    const nodes = there ? { one: [{ id: 'laptop', since: clock(1), away: revision % 3 === 0 }] } : {}
    const position = `${++revision}`.padStart(16, '0') as Position
    const event = { ...written(presenceChanged({ nodes })), stream: presenceStream(user), revision, position }
    online.deliver({ events: [event], position, caughtUp: true })
  }
  return { feeds, comes: (user: UserId) => change(user, true), goes: (user: UserId) => change(user, false) }
}

test('only coming and going is told, not being away', async () => {
  await using node = await Node.open()
  const { feeds, comes, goes } = await feeding(node)
  const feed = await feeds.feed(undefined, undefined)
  expect((await feed.next()).value).toMatchObject({ events: [], caughtUp: true })
  for (let n = 0; n < 5; n++) comes(ada)
  goes(ada)
  goes(ada)
  const { value } = await feed.next()
  expect(value?.events.map(({ type, onlineCount }) => [type, onlineCount])).toEqual([
    ['UserConnected', 1],
    ['UserDisconnected', 0],
  ])
  expect(value?.atLeast).toBe('6'.padStart(16, '0'))
  feed.close()
})

test('BOUND: whoever does not read misses the oldest, and keeps some hundreds', async () => {
  await using node = await Node.open()
  const { feeds, comes, goes } = await feeding(node)
  const feed = await feeds.feed(undefined, undefined)
  await feed.next()
  for (let n = 0; n < 5_000; n++) {
    comes(ada)
    goes(ada)
  }
  const { value } = await feed.next()
  expect(value?.events.length).toBeGreaterThanOrEqual(300)
  expect(value?.events.length).toBeLessThan(600)
  expect(value?.events.at(-1)?.type).toBe('UserDisconnected')
  const next = feed.next()
  await new Promise((resolve) => setTimeout(resolve, 20))
  await feed.return()
  expect(await next).toEqual({ done: true, value: undefined })
})
