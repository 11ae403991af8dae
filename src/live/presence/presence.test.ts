// Presence on the real engines: what is in the log, and what a new life of a node finds there.

import { expect, test } from 'vitest'
import { presenceChanged } from '../../../test/fixtures/events.ts'
import { ada, bob, clock } from '../../../test/fixtures/people.ts'
import { Node, written } from '../../../test/support/node.ts'
import { PresenceCommands } from '../../commands/presence.ts'
import { type UserId, userId } from '../../domain/ids.ts'
import { presenceStream } from '../../domain/streams.ts'
import type { NodeLives } from './nodeLives.ts'
import { Presence } from './presence.ts'

const times = { graceMs: 50, awayAfterMs: 60_000 }

/** Presence of a node, as a server has it; it hears of the log. */
async function living(node: Node, lives?: NodeLives) {
  const presence = new Presence({
    commands: new PresenceCommands(node.commands),
    store: node.store,
    models: node.projecting.readModels,
    now: node.clock.now,
    times,
    ...(lives && { lives }),
  })
  await node.follow(presence.online)
  await node.level()
  return presence
}

const newest = async (node: Node, user: UserId) => {
  for await (const page of node.log.readStream(presenceStream(user))) return page[0]
  return undefined
}
const until = (check: () => boolean) => expect.poll(check, { timeout: 15_000, interval: 5 }).toBe(true)

test('what dead nodes have left behind is emptied, with the time until which they lived', async () => {
  await using node = await Node.open()
  const [dead, alive] = ['80000000-0000-4000-8000-000000000001', '80000000-0000-4000-8000-000000000002']
  const devices = [{ id: 'laptop', since: clock(1), away: false }]
  const plant = (user: UserId, nodes: Record<string, typeof devices>, at: number) =>
    node.log.append(presenceStream(user), [written(presenceChanged({ nodes }), Date.parse(clock(at)))], 'none')
  await plant(ada, { [dead]: devices }, 10)
  await plant(bob, { [dead]: devices, [alive]: devices }, 20)
  node.clock.time = Date.parse(clock(1_000))
  const presence = await living(node, {
    own: '80000000-0000-4000-8000-000000000003',
    nodeIsAlive: async (life) => life === alive,
    onLook: () => {},
    onNewLife: () => {},
    close: async () => {},
  })
  await presence.open()
  await until(() => presence.online.size === 1)
  expect((await newest(node, ada))?.data).toEqual({ nodes: {}, lastSeenAt: clock(20) })
  expect((await newest(node, bob))?.data).toEqual({ nodes: { [alive]: devices } })
  await presence.emptyDeadNodes()
  expect((await newest(node, bob))?.revision).toBe(1)
  await presence.close()
})

test('BOUND: a stream of presence holds one event, and 3,000 reconnects within the grace append none', async () => {
  await using node = await Node.open()
  await node.openModels()
  const presence = await living(node)
  await presence.open()
  const people = Array.from({ length: 300 }, (_, n) => userId(`a0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`))
  let open = people.map((user) => presence.connected({ userId: user }, 'first'))
  await until(() => presence.online.size === 300)
  const appended = node.store.appends.length
  expect(appended).toBe(300)
  for (let round = 0; round < 10; round++) {
    for (const connection of open) connection[Symbol.dispose]()
    open = people.map((user) => presence.connected({ userId: user }, `again ${round}`))
  }
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(node.store.appends.length).toBe(appended)
  await presence.close()
  await until(() => presence.online.size === 0)
  expect(node.store.appends.length).toBe(2 * appended)
  let events = 0
  for await (const page of node.log.readAll()) events += page.length
  expect(events).toBe(300)
}, 60_000)

test('messages do not wait for presence, and presence that cannot be told does not hold up a stop', async () => {
  await using node = await Node.withRoom()
  await node.openModels()
  const presence = await living(node)
  node.store.faults = ['unavailable']
  using _laptop = presence.connected({ userId: ada }, 'laptop')
  await expect.poll(() => node.store.appends.length).toBe(1)
  expect(await node.say('Hello')).toMatchObject({ kind: 'done' })
  // It is told again later, on its own.
  await until(() => presence.online.has(ada))
  node.store.faults = ['unavailable']
  await presence.close()
  expect(presence.online.has(ada)).toBe(true)
}, 60_000)
