// Snapshots: they save reading, and never say anything else than the log.

import { expect, test } from 'vitest'
import { by, messageSent } from '../../test/fixtures/events.ts'
import { ada } from '../../test/fixtures/people.ts'
import { generalStream, Node } from '../../test/support/node.ts'
import type { SentBody } from '../domain/events.ts'
import { messageId } from '../domain/ids.ts'
import { conversations } from './aggregate.ts'
import { newUuid } from './occasion.ts'

const body: SentBody = { text: 'x', contentHash: 'h' }

/** A room with so many messages in it, appended in one go. */
async function long(node: Node, messages: number): Promise<void> {
  const events = Array.from({ length: messages }, (_, index) =>
    by(ada, { ...messageSent(index + 1, 'x', { id: messageId(newUuid()) }), body }),
  )
  for (let from = 0; from < messages; from += 500) await node.plant(...events.slice(from, from + 500))
}

const stored = async (node: Node) => (await node.documents.get('snapshots', [generalStream]))[0]

async function loaded(node: Node) {
  const before = node.store.eventsRead
  const { state, revision } = await node.commands.load(conversations, generalStream)
  return { revision, state: conversations.snapshot?.write(state), read: node.store.eventsRead - before }
}

test('a snapshot is written every 1,000 events, and only what came after it is read', async () => {
  await using node = await Node.withRoom()
  await node.say('first')
  expect(await stored(node)).toBeUndefined()
  await Promise.all(Array.from({ length: 999 }, (_, index) => node.say(`word ${index}`)))
  await expect.poll(() => stored(node)).toBeDefined()
  const at = (await stored(node))?.revision ?? 0
  expect(at).toBeGreaterThanOrEqual(999)
  await node.say('last')
  node.restart()
  // One more for the look whether the log still agrees.
  expect(await loaded(node)).toMatchObject({ revision: 1_002, state: { lastNumber: 1_001 }, read: 1_002 - at + 1 })
  expect(await node.say('after')).toMatchObject({ kind: 'done', revision: 1_003 })
  expect(await node.commands.verifySnapshots()).toEqual({ compared: 1, different: [] })
})

test('a mailbox that is put away leaves a snapshot where it is worth one', async () => {
  await using node = await Node.withRoom()
  await node.say('first')
  await node.commands.close()
  expect(await stored(node)).toBeUndefined()
  node.restart()
  await Promise.all(Array.from({ length: 110 }, (_, index) => node.say(`word ${index}`)))
  await node.commands.close()
  expect(await stored(node)).toMatchObject({ revision: 112 })
})

test('a snapshot of another version, or that the log does not know, is passed over', async () => {
  await using node = await Node.withRoom()
  await long(node, 20)
  const truth = await loaded(node)
  const [newest] = await Array.fromAsync(node.log.readStream(generalStream, { direction: 'backwards', limit: 1 }))
  const event = newest?.[0]
  if (!event) throw new Error('The room has events.')
  const { revision, position, id: eventId } = event
  const wrong = { ...truth.state, name: 'Wrong' }
  const right = {
    aggregate: conversations.name,
    stateVersion: conversations.snapshot?.version,
    eventId,
    occurredAt: '',
    state: wrong,
  }
  const plant = (document: object, at = revision) =>
    node.documents.write([
      { collection: 'snapshots', id: generalStream, revision: at, position, document: { ...document } },
    ])

  await plant({ ...right, stateVersion: 99 }, revision - 3)
  expect(await loaded(node)).toEqual(truth)
  await plant({ ...right, eventId: newUuid() }, revision - 2)
  expect((await loaded(node)).state).toEqual(truth.state)
  await plant({ ...right, aggregate: 'account' }, revision - 1)
  expect(await loaded(node)).toEqual(truth)
  expect(await node.commands.verifySnapshots()).toEqual({ compared: 0, different: [] })

  // The control: one that fits in everything but its contents is believed, and `verify` finds it.
  await plant(right)
  expect((await loaded(node)).state).toMatchObject({ name: 'Wrong' })
  expect(await node.commands.verifySnapshots()).toEqual({ compared: 1, different: [generalStream] })
})
