// A replay whose last events the feed does not show never said that it was over.

import { expect, test } from 'vitest'
import { createRoom, registered, send } from '../support/client.ts'
import { InboxReader } from '../support/inboxReader.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

test('RESUME: inboxFeed ends its replay, also where the last events are none that it shows', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea Time')
  const { viewer } = await ada.query('{ viewer { feedCursor } }')
  await send(ada, room.id, 'Hello')
  // More than a frame takes.
  for (let n = 0; n < 260; n++) await mutate(ada, 'updateRoom', { roomId: room.id, topic: `Tea ${n}` })
  await using reader = new InboxReader(ada, { after: viewer.feedCursor })
  await reader.caughtUp()
  expect(reader.told).toEqual(['MessageSent Hello'])
  expect(reader.frames.map(({ caughtUp }) => caughtUp)).toEqual([false, true])
}, 60_000)
