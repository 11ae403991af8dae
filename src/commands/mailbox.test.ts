import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { messageSent, userJoined } from '../../test/fixtures/events.ts'
import { ada, as, bob, clock, eve } from '../../test/fixtures/people.ts'
import { HeldDocuments } from '../../test/support/heldDocuments.ts'
import { generalStream, Node, saying } from '../../test/support/node.ts'
import type { Conversation } from '../domain/conversation.ts'
import { nothing, refuse } from '../domain/decision.ts'
import type { ConversationEvent } from '../domain/events.ts'
import { messageId } from '../domain/ids.ts'
import { send } from '../domain/message.ts'
import { contentHash } from '../domain/text.ts'
import { conversations } from './aggregate.ts'
import { Commands } from './commands.ts'
import type { Command } from './deciding.ts'

const words = (count: number): string[] => Array.from({ length: count }, (_, index) => `word ${index}`)

test('ORDER: what comes together is appended together, in the order in which it came', async () => {
  await using node = await Node.withRoom()
  const before = node.log.statistics().commits
  const outcomes = await Promise.all(words(300).map((word) => node.say(word)))
  expect(await node.texts()).toEqual(words(300))
  // 256 commands at most in one append.
  expect(node.store.appends.map(({ events }) => events)).toEqual([256, 44])
  expect(node.log.statistics().commits - before).toBeLessThanOrEqual(2)
  const revisions = outcomes.map((outcome) => (outcome.kind === 'done' ? outcome.revision : outcome))
  expect(revisions).toEqual(words(300).map((_, index) => index + 2))
})

test('while an append is under way those that come wait, and go together', async () => {
  await using node = await Node.withRoom()
  let others: Promise<unknown>[] = []
  node.store.faults = [
    async () => {
      others = words(50).map((word) => node.say(word))
    },
  ]
  await node.say('first')
  await Promise.all(others)
  expect(node.store.appends.map(({ events }) => events)).toEqual([1, 50])
  expect(await node.texts()).toEqual(['first', ...words(50)])
})

test('each is decided against what the ones before it have made of the state', async () => {
  await using node = await Node.withRoom()
  const requester = { user: bob, correlationId: 'c' }
  const join = () =>
    node.commands.run(conversations, generalStream, {
      requester,
      decide: (room) =>
        room.status === 'exists' && room.members.has(bob)
          ? nothing
          : { kind: 'happened', events: [userJoined(bob, 'MEMBER', 0)] },
    })
  const [first, second, said] = await Promise.all([join(), join(), node.say('Hello!', bob)])
  expect(first).toMatchObject({ kind: 'done', events: [{ type: 'UserJoined' }], revision: 2 })
  expect(second).toMatchObject({ kind: 'done', events: [], revision: 2 })
  expect(said).toMatchObject({ kind: 'done', revision: 3 })
  expect(node.store.appends).toHaveLength(1)
})

test('what appends nothing answers with the position of the last event of the stream', async () => {
  await using node = await Node.withRoom()
  const said = await node.say('Hello!')
  const again = await node.commands.run(conversations, generalStream, {
    requester: { correlationId: 'c' },
    decide: () => nothing,
  })
  expect(said).toMatchObject({ position: await node.log.end() })
  expect(again).toMatchObject({ kind: 'done', events: [], revision: 2, position: await node.log.end() })
  expect(node.store.appends).toHaveLength(1)
})

test('where other nodes append too, nobody is refused for what they have changed', async () => {
  await using node = await Node.withRoom(bob)
  node.restart({ shared: true })
  await node.say('warm')
  await node.plant({ type: 'MemberBanned', data: { userId: bob, wasMember: true }, actor: ada })
  expect(await node.say('banned', bob)).toMatchObject({ kind: 'refused', code: 'NOT_FOUND' })
  await node.plant({ type: 'MemberUnbanned', data: { userId: bob }, actor: ada }, { ...userJoined(bob), actor: bob })
  expect(await node.say('back again', bob)).toMatchObject({ kind: 'done', revision: 7 })
  expect(await node.texts()).toEqual(['warm', 'back again'])
})

test('where other nodes append too, what appends nothing answers with what is so now', async () => {
  await using node = await Node.withRoom()
  node.restart({ shared: true })
  await node.say('warm')
  await node.plant({ ...messageSent(2, 'theirs'), actor: ada })
  const look = () =>
    node.commands.run(conversations, generalStream, { requester: { correlationId: 'c' }, decide: () => nothing })
  expect(await look()).toMatchObject({ kind: 'done', revision: 3, position: await node.log.end() })
  // Of a log that cannot be asked nothing is known.
  node.store.faults = ['unavailable']
  expect(await look()).toMatchObject({ kind: 'refused', code: 'UNAVAILABLE' })
  expect(await look()).toMatchObject({ kind: 'done', revision: 3 })
})

test('ONCE: the same key through two nodes at once is one message, and other words with it are a conflict', async () => {
  await using node = await Node.withRoom()
  await using other = await Node.withRoom()
  // Two nodes on one log: what the other decides is appended right before.
  const sending = (text: string, correlationId: string): Command<Conversation, ConversationEvent> => ({
    requester: { user: ada, correlationId },
    messages: [keyed],
    decide: (room, { message, now }) =>
      send(
        room,
        {
          actor: as(ada),
          messageId: keyed,
          text,
          contentHash: contentHash({ text }),
          mentions: [],
          mentionsRoom: false,
        },
        { known: message(keyed), now },
      ),
  })
  const keyed = messageId('70000000-0000-5000-8000-000000000001')
  const written = new Commands({ store: node.log, documents: other.documents, models: node.projecting.readModels })
  await node.openModels()
  node.restart({ shared: true })
  await node.say('warm')
  node.store.faults = [() => written.run(conversations, generalStream, sending('theirs', 'one'))]
  expect(await node.commands.run(conversations, generalStream, sending('mine', 'two'))).toMatchObject({
    kind: 'refused',
    code: 'CONFLICT',
  })
  expect(await node.texts()).toEqual(['warm', 'theirs'])
  expect(await node.commands.run(conversations, generalStream, sending('theirs', 'three'))).toMatchObject({
    kind: 'done',
    events: [],
  })
  await written.close()
})

test('when another node was faster, all are decided again', async () => {
  await using node = await Node.withRoom()
  await node.say('mine')
  node.store.faults = [() => node.plant({ ...messageSent(2, 'theirs'), actor: ada })]
  const outcomes = await Promise.all([node.say('after'), node.say('them')])
  expect(await node.texts()).toEqual(['mine', 'theirs', 'after', 'them'])
  const numbers = outcomes.map((outcome) =>
    outcome.kind === 'done' && outcome.state.status === 'exists' ? outcome.state.lastNumber : outcome,
  )
  expect(numbers).toEqual([3, 4])
})

test('whoever loses every time for 5 s is told so, and nothing of it is stored', async () => {
  await using node = await Node.withRoom()
  node.store.faults = Array.from({ length: 5_000 }, (_, index) => () => node.plant(userJoined(index % 2 ? bob : eve)))
  const began = performance.now()
  expect(await node.say('never')).toMatchObject({ kind: 'refused', code: 'UNAVAILABLE' })
  expect(performance.now() - began).toBeGreaterThan(4_500)
  expect(performance.now() - began).toBeLessThan(8_000)
  expect(node.store.appends.length).toBeGreaterThan(20)
  expect(await node.texts()).not.toContain('never')
})

test('whoever waits behind others is answered within the same 5 s, and whoever came later has time of their own', async () => {
  await using node = await Node.withRoom()
  // Nothing is confirmed until the first has given up.
  node.store.faults = Array.from({ length: 5_000 }, () => 'lost' as const)
  const timed = async (text: string) => {
    const began = performance.now()
    const outcome = await node.say(text)
    return { kind: outcome.kind, ms: performance.now() - began }
  }
  const first = timed('first')
  await sleep(100)
  const second = timed('second')
  await sleep(3_000)
  const third = timed('third')
  const [one, two] = await Promise.all([first, second])
  node.store.faults = []
  expect([one.kind, two.kind, (await third).kind]).toEqual(['refused', 'refused', 'done'])
  for (const { ms } of [one, two]) expect(ms).toBeLessThan(5_900)
  expect(await node.texts()).toEqual(['third'])
})

test('what cannot be read in time is not waited for, and is there for whoever comes next', async () => {
  await using node = await Node.withRoom()
  const documents = new HeldDocuments(node.documents)
  const commands = new Commands({ store: node.log, documents, models: node.projecting.readModels })
  const held = documents.holdRead(0)
  const began = performance.now()
  expect(await commands.run(conversations, generalStream, saying('never', ada))).toMatchObject({
    kind: 'refused',
    code: 'UNAVAILABLE',
  })
  expect(performance.now() - began).toBeLessThan(5_900)
  held.letGo()
  expect(await commands.run(conversations, generalStream, saying('now', ada))).toMatchObject({ kind: 'done' })
  expect(await node.texts()).toEqual(['now'])
  await commands.close()
})

test('a rule that breaks fails its own command only', async () => {
  await using node = await Node.withRoom()
  const broken = node.commands.run(conversations, generalStream, {
    requester: { correlationId: 'c' },
    decide: () => {
      throw new Error('A bug.')
    },
  })
  const [before, failed, after] = await Promise.allSettled([node.say('before'), broken, node.say('after')])
  expect([before.status, failed.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await node.texts()).toEqual(['before', 'after'])
})

test('NOGHOST: what was told to have failed does not happen when all are decided again', async () => {
  await using node = await Node.withRoom()
  let tries = 0
  const good = saying('a ghost')
  const failing = node.commands.run(conversations, generalStream, {
    ...good,
    decide: (room, known) => {
      tries++
      if (tries === 1) throw new Error('A bug that shows once.')
      return good.decide(room, known)
    },
  })
  node.store.faults = [() => node.plant(userJoined(bob))]
  const [failed] = await Promise.allSettled([failing, node.say('real')])
  // Decided again, it may succeed; but then it must not be told to have failed.
  expect(await node.texts()).toEqual(failed.status === 'fulfilled' ? ['a ghost', 'real'] : ['real'])
})

test('a refusal is for the one who is refused', async () => {
  await using node = await Node.withRoom()
  const refused = node.commands.run(conversations, generalStream, {
    requester: { correlationId: 'c' },
    decide: () => refuse('FORBIDDEN', 'Not you.'),
  })
  const [said, told] = await Promise.all([node.say('Hello!'), refused])
  expect(said.kind).toBe('done')
  expect(told).toMatchObject({ kind: 'refused', code: 'FORBIDDEN' })
})

test('at most 1,000 commands wait; more are refused at once', async () => {
  await using node = await Node.withRoom()
  const outcomes = await Promise.all(words(1_100).map((word) => node.say(word)))
  const done = outcomes.filter(({ kind }) => kind === 'done')
  expect(done).toHaveLength(1_000)
  expect(outcomes.slice(1_000).every((one) => one.kind === 'refused' && one.code === 'UNAVAILABLE')).toBe(true)
  expect(await node.texts()).toHaveLength(1_000)
})

test('an append has at most 512 KiB of events; what is larger by itself than the log takes is TOO_LARGE', async () => {
  await using node = await Node.withRoom()
  const large = 'x'.repeat(100_000)
  const outcomes = await Promise.all([
    ...words(12).map(() => node.say(large)),
    node.say('y'.repeat(1_100_000)),
    node.say('small'),
  ])
  expect(outcomes.map((one) => (one.kind === 'done' ? 'done' : one.code))).toEqual([
    ...words(12).map(() => 'done'),
    'TOO_LARGE',
    'done',
  ])
  expect(node.store.appends.map(({ events }) => events)).toEqual([5, 5, 2, 1, 1])
  // Metadata comes on top of the events.
  for (const { events, bytes } of node.store.appends)
    if (events > 1) expect(bytes).toBeLessThan(524_288 + events * 1_000)
})

test('ORDER: times never go back, whatever the clock does, and whoever wrote before', async () => {
  await using node = await Node.withRoom()
  const times: (string | undefined)[] = []
  const saidAt = async (seconds: number) => {
    node.clock.time = Date.parse(clock(seconds))
    const outcome = await node.say(`at ${seconds}`)
    times.push(outcome.kind === 'done' ? outcome.events[0]?.occurredAt : outcome.detail)
  }
  await saidAt(100)
  await saidAt(40)
  await saidAt(101)
  node.restart()
  await saidAt(0)
  expect(times).toEqual([clock(100), clock(100), clock(101), clock(101)])
})
