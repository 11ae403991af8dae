// Somebody who came back to thousands of rooms had all of them read for each frame, while everybody else's reads waited.

import { expect, test, vi } from 'vitest'
import { SessionWatch } from '../../src/accounts/sessionWatch.ts'
import { newUuid } from '../../src/commands/occasion.ts'
import { messageId, roomId } from '../../src/domain/ids.ts'
import { conversationStream } from '../../src/domain/streams.ts'
import { Live } from '../../src/live/live.ts'
import { messageSent, roomCreated, userJoined } from '../fixtures/events.ts'
import { ada, as, bob, laptop } from '../fixtures/people.ts'
import { Node, written } from '../support/node.ts'

const identity = { id: laptop, userId: ada, userRevision: 0, actor: as(ada), deadline: Number.POSITIVE_INFINITY }
const rooms = 800

test('RESUME: what was missed in hundreds of rooms comes in its order, each room read about as often as it is needed', async () => {
  await using node = await Node.open()
  const streams = Array.from({ length: rooms }, () => conversationStream(roomId(newUuid())))
  for (const stream of streams) {
    const begun = [
      { ...roomCreated(), actor: ada },
      { ...userJoined(ada, 'OWNER'), actor: ada },
    ]
    await node.log.append(
      stream,
      begun.map((event) => written(event)),
      'any',
    )
  }
  await node.openModels()
  const store = node.log
  const follower = { handled: await store.end(), reached: async () => true }
  const live = new Live({
    store,
    models: node.projecting.readModels,
    snapshots: node.commands.snapshots,
    follower,
    watch: new SessionWatch(),
    now: () => 0,
  })
  const after = await live.inboxCursor(follower.handled)
  const sent: string[] = []
  for (const number of [1, 2, 3])
    for (const stream of streams) {
      const id = messageId(newUuid())
      sent.push(id)
      await store.append(stream, [written({ ...messageSent(number, 'Hello', { id }), actor: bob })], 'any')
    }
  await node.level()
  follower.handled = await store.end()
  const feed = await live.inboxFeed(identity, { after, detail: 'MESSAGES' })
  const reads = vi.spyOn(store, 'readStream')
  const told: string[] = []
  let frames = 0
  for await (const frame of feed) {
    frames++
    for (const item of frame.events) if (item.kind === 'shown') told.push(messageId(item.event.id))
    if (frame.caughtUp) break
  }
  expect(told).toEqual(sent)
  expect(frames).toBe(Math.ceil((3 * rooms) / 250))
  // All of them once, to see where each goes on; then no more than a frame has events. All of them each time was 8,000.
  expect(reads.mock.calls.length).toBeLessThan(rooms + frames * 260)
  reads.mockRestore()
}, 120_000)
