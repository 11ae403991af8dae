// The feed of all conversations told what is the viewer's own before older messages that were handled on the same turn, so that
// its cursor stood past them; and it lost a conversation whose viewer left and came back between two frames.

import { expect, test } from 'vitest'
import { SessionWatch } from '../../src/accounts/sessionWatch.ts'
import { type Position, type RecordedEvent, start } from '../../src/eventstore/port.ts'
import type { InboxFeed, InboxFrame } from '../../src/live/inboxFeed.ts'
import { Live } from '../../src/live/live.ts'
import { messageSent, userJoined, userLeft } from '../fixtures/events.ts'
import { ada, as, bob, general, hello, laptop } from '../fixtures/people.ts'
import { Node, written } from '../support/node.ts'

const identity = { id: laptop, userId: ada, userRevision: 0, actor: as(ada), deadline: Number.POSITIVE_INFINITY }

/** A feed of Ada's, and the log, of which the feed hears when it is told to. */
async function following(node: Node) {
  await node.openModels()
  let handled: Position = await node.log.end()
  const live = new Live({
    store: node.log,
    models: node.projecting.readModels,
    snapshots: node.commands.snapshots,
    follower: {
      get handled() {
        return handled
      },
      reached: async () => true,
    },
    watch: new SessionWatch(),
    now: () => 0,
  })
  /** All that is new, on one turn. */
  const deliver = async () => {
    const events: RecordedEvent[] = []
    for await (const page of node.log.readAll({ after: handled })) events.push(...page)
    const position = events.at(-1)?.position ?? start
    live.deliver({ events, position, caughtUp: true })
    handled = position
  }
  return { live, deliver, feed: await live.inboxFeed(identity, { detail: 'EVERYTHING' }) }
}

async function next(feed: InboxFeed): Promise<InboxFrame> {
  const { value } = await feed.next()
  if (!value) throw new Error('The feed has ended.')
  return value
}

const kinds = ({ events }: InboxFrame): readonly string[] =>
  events.map((item) => (item.kind === 'shown' ? item.event.type : item.kind))

test('RESUME: what is handled on one turn comes in its order, the own markers after the messages before them', async () => {
  await using node = await Node.withRoom(bob)
  const { feed, deliver } = await following(node)
  await next(feed)
  await node.plant({ ...messageSent(1), actor: bob })
  const marker = { type: 'ReadMarkerAdvanced', data: { number: 1, messageId: hello }, actor: ada } as const
  await node.log.append(`read-${ada.slice('user_'.length)}-${general}`, [written(marker)], 'any')
  const waiting = next(feed)
  await deliver()
  expect(kinds(await waiting)).toEqual(['MessageSent', 'marker'])
  feed.close()
})

test('RESUME: whoever leaves and comes back before the next frame is asked for is told of both', async () => {
  await using node = await Node.withRoom(bob)
  const { feed, deliver } = await following(node)
  await next(feed)
  await node.plant({ ...userLeft(ada), actor: ada })
  const left = next(feed)
  await deliver()
  expect(kinds(await left)).toEqual(['UserLeft', 'removed'])
  await node.plant({ ...userJoined(ada), actor: ada })
  await deliver()
  // On the same turn, before the channels have told their followers.
  expect(kinds(await next(feed))).toEqual(['added', 'UserJoined'])
  feed.close()
}, 20_000)
