// What those who come back are given together, on the replays themselves.

import { expect, test } from 'vitest'
import { by, messageSent, roomCreated, userJoined } from '../../test/fixtures/events.ts'
import { ada } from '../../test/fixtures/people.ts'
import { generalStream, written } from '../../test/support/node.ts'
import { conversations } from '../commands/aggregate.ts'
import { newUuid } from '../commands/occasion.ts'
import { absent } from '../commands/streamState.ts'
import { messageId } from '../domain/ids.ts'
import type { EventStore, Position } from '../eventstore/port.ts'
import { Channel } from './channel.ts'
import type { Frame } from './frame.ts'
import type { MadeFrame } from './madeFrame.ts'
import { Replays } from './replays.ts'
import { Rings } from './rings.ts'

const position = (revision: number) => `${revision}`.padStart(8, '0') as Position

const noLog = {
  async *readStream() {
    // Channels have all of it.
  },
} as unknown as EventStore

/** A room whose events have just come. */
function room(): Channel {
  const channel = new Channel(generalStream, new Rings(() => position(0)))
  channel.open(absent(conversations.initial))
  const sent = by(ada, messageSent(1, 'tea', { id: messageId(newUuid()) }))
  for (const [revision, event] of [by(ada, roomCreated()), userJoined(ada, 'OWNER'), sent].entries())
    channel.push({ ...written(event), stream: generalStream, revision, position: position(revision) })
  return channel
}

/** A frame that can be cut; its revisions have one digit. */
function made({ events, cursor }: Frame): MadeFrame {
  const bytes = Buffer.from(`<${events.map(({ revision }) => revision).join()}>`)
  const end = bytes.byteLength - 1
  return {
    text: bytes.toString(),
    parts: [bytes],
    cursor,
    cuts: { bytes, starts: events.map((_, index) => 1 + 2 * index), end },
  }
}

test('conversations that the read models cannot show yet keep no other one waiting', async () => {
  const shown = Promise.withResolvers<boolean>()
  let behind = true
  const readable = () => (behind ? shown.promise : Promise.resolve(true))
  const replays = new Replays({ store: noLog, handled: () => position(2), readable })
  const outlet = {
    group: 'one',
    lasting: true,
    // As the fields of a frame wait for what they show.
    make: async (payload: Frame) => {
      if (payload.events.length > 0) await readable()
      return made(payload)
    },
    deliver: () => {},
  }
  const waiting = Array.from({ length: 5 }, () => replays.page({ channel: room(), outlet, from: 2 }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  behind = false
  const page = await replays.page({ channel: room(), outlet, from: 2 })
  expect(page?.made.text).toBe('<2>')
  // Each has a frame of its own then, which says what it could not show.
  shown.resolve(false)
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: 5 }, () => undefined))
})
