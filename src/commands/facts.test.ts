// What commands know of single messages, however far the read models are.

import { expect, test } from 'vitest'
import { messages } from '../../projections/messages.ts'
import { ada, as, bob, eve, general } from '../../test/fixtures/people.ts'
import { generalStream, Node } from '../../test/support/node.ts'
import { keyedMessageId, rawId } from '../domain/ids.ts'
import { MessageFacts } from './facts.ts'
import { MessageCommands } from './messages.ts'
import { newUuid } from './occasion.ts'

const by = (user = ada) => ({ actor: as(user), requester: { user, correlationId: newUuid() } })
const input = (text: string, clientMessageId?: string) => ({ conversationId: general, text, clientMessageId })
const first = keyedMessageId(general, ada, 'key-1')

const api = (node: Node) => new MessageCommands({ commands: node.commands, messageLength: 8_000 })

/** Sends with a key, and again, and with other content. */
async function once(node: Node): Promise<void> {
  const again = await api(node).send(by(), input('Hello!', 'key-1'))
  expect(again).toMatchObject({ kind: 'done', events: [], messageId: first })
  expect(await api(node).send(by(), input('Other', 'key-1'))).toMatchObject({ kind: 'refused', code: 'CONFLICT' })
  expect((await node.texts()).filter((text) => text !== 'between')).toEqual(['Hello!'])
}

test('ONCE: a key sends once, with read models that are behind, and after a restart', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  expect(await api(node).send(by(), input('Hello!', 'key-1'))).toMatchObject({
    kind: 'done',
    events: [{ revision: 2 }],
  })
  await once(node)
  node.restart()
  await once(node)
  expect(node.projecting.checkpoint < (await node.log.end())).toBe(true)
})

test('ONCE: a key sends once, with read models that are level or go on meanwhile', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  await api(node).send(by(), input('Hello!', 'key-1'))
  await node.level()
  await once(node)
  await node.say('between')
  await node.level()
  await once(node)
  await node.unfollow()
  await node.say('between')
  node.restart()
  await once(node)
})

test('ONCE: both of two sends with one key, in one batch, are one message', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  const send = () => api(node).send(by(), input('Hello!', 'key-1'))
  const outcomes = await Promise.all([send(), send(), send()])
  expect(outcomes.map((one) => (one.kind === 'done' ? one.events.length : one.code))).toEqual([1, 0, 0])
  await once(node)
})

test('edits and deletions are known before the read models have them', async () => {
  await using node = await Node.withRoom(bob)
  await node.openModels()
  await api(node).send(by(), input('Hello!', 'key-1'))
  await node.level()
  await node.unfollow()
  const edited = await api(node).edit(by(), { messageId: first, text: 'Better' })
  expect(edited).toMatchObject({ kind: 'done', events: [{ type: 'MessageEdited', data: { subjectRevision: 3 } }] })
  expect(await api(node).edit(by(), { messageId: first, text: 'Better' })).toMatchObject({ kind: 'done', events: [] })
  node.restart()
  const deleted = await api(node).delete(by(), { messageId: first })
  const editId = edited.kind === 'done' ? edited.events[0]?.id : undefined
  expect(deleted).toMatchObject({ events: [{ type: 'MessageDeleted', data: { forgets: [rawId(first), editId] } }] })
  expect(await api(node).edit(by(), { messageId: first, text: 'Best' })).toMatchObject({ code: 'CONFLICT' })
  expect(await api(node).send(by(), input('Whatever', 'key-1'))).toMatchObject({ kind: 'done', events: [] })
})

test('a sending waits for no read model, and with a key it costs at most one indexed read', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  await node.say('first')
  const reads = async (send: () => Promise<unknown>) => {
    const before = node.documents.reads.length
    await send()
    return node.documents.reads.slice(before).map((read) => read.replace(/_v\d+.*/, ''))
  }
  expect(await reads(() => api(node).send(by(), input('No key')))).toEqual([])
  expect(await reads(() => api(node).send(by(), input('A key', 'key-1')))).toEqual([])
  // Its event is still at hand.
  expect(await reads(() => api(node).send(by(), input('A key', 'key-1')))).toEqual([])
  const many = () => Promise.all(['a', 'b', 'c'].map((key) => api(node).send(by(), input(key, key))))
  expect(await reads(many)).toEqual([])
  expect(node.projecting.checkpoint < (await node.log.end())).toBe(true)
  await node.level()
  await node.unfollow()
  await node.say('last')
  const appends = node.store.appends.length
  // Now the log refuses them, and all of the batch are looked for in one read.
  expect(await reads(many)).toEqual(['get messages'])
  expect(node.store.appends.length).toBe(appends + 1)
  const mixed = () => Promise.all(['c', 'd', 'a'].map((key) => api(node).send(by(), input(key, key))))
  expect(await reads(mixed)).toEqual(['get messages'])
  // Nobody is refused before it is known that the key has not sent.
  expect(await reads(() => api(node).send(by(eve), input('Not a member', 'key-2')))).toEqual(['get messages'])
  expect(await node.texts()).toEqual(['first', 'No key', 'A key', 'a', 'b', 'c', 'last', 'd'])
})

test('a document that stands still is passed by: its events are read from the log', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  await api(node).send(by(), input('Hello!', 'key-1'))
  await node.level()
  await node.unfollow()
  await api(node).edit(by(), { messageId: first, text: 'Better' })
  await node.say('between')
  const { readModels } = node.projecting
  // As it is after `evolve` threw: parked at the revision that the document has, while the checkpoint goes on.
  const end = await node.log.end()
  const parked = {
    get checkpoint() {
      return end
    },
    get: readModels.get.bind(readModels),
    parkedRevision: () => 2,
  }
  const facts = new MessageFacts(parked as unknown as typeof readModels, node.log, generalStream, end)
  expect((await facts.about([first])).get(first)).toMatchObject({ text: 'Better', revision: 2 })
  expect((await readModels.get(messages, [first]))[0]?.document).toMatchObject({ text: 'Hello!' })
})

test('what the read models come to hold while the log is asked for its end is found', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  await api(node).send(by(), input('Hello!', 'key-1'))
  const end = node.store.end.bind(node.store)
  node.store.end = async () => {
    const position = await end()
    await node.level()
    return position
  }
  expect(await node.commands.facts.message(first)).toMatchObject({ document: { text: 'Hello!' } })
})
