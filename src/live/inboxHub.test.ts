// Inboxes that are given the same frames, on the hub itself.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { by, messageSent, roomCreated, userJoined } from '../../test/fixtures/events.ts'
import { ada } from '../../test/fixtures/people.ts'
import { generalStream, written } from '../../test/support/node.ts'
import { conversations } from '../commands/aggregate.ts'
import { newUuid } from '../commands/occasion.ts'
import { absent } from '../commands/streamState.ts'
import { messageId } from '../domain/ids.ts'
import type { Position } from '../eventstore/port.ts'
import { Channel } from './channel.ts'
import { InboxHub, type InboxListener } from './inboxHub.ts'
import { Rings } from './rings.ts'

const position = (revision: number) => `${revision}`.padStart(8, '0') as Position

test('where one of them fails the others find in the log what they were to be given', async () => {
  const channel = new Channel(generalStream, new Rings(() => position(0)))
  channel.open(absent(conversations.initial))
  const make = async () => ({ text: '', parts: [], cursor: undefined })
  const hub = new InboxHub('MESSAGES', make)
  const happened: string[] = []
  const inbox = (name: string, take: () => void): InboxListener => ({
    take,
    leave: () => happened.push(`${name} left`),
  })
  const broken = inbox('broken', () => {
    throw new Error('It cannot be written to.')
  })
  for (const listener of [broken, inbox('sound', () => happened.push('sound was given it'))]) {
    hub.enter(listener, { group: 'one', make, deliver: () => {} })
    hub.hold(channel, listener)
  }
  const sent = by(ada, messageSent(1, 'tea', { id: messageId(newUuid()) }))
  const stored = [by(ada, roomCreated()), userJoined(ada, 'OWNER'), sent].map((event, revision) => ({
    ...written(event),
    stream: generalStream,
    revision,
    position: position(revision),
  }))
  for (const event of stored) channel.push(event)
  hub.note(stored)
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  expect(happened).toEqual(['broken left', 'sound left'])
})
