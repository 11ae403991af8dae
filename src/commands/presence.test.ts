import { expect, test } from 'vitest'
import { ada, as, clock } from '../../test/fixtures/people.ts'
import { Node } from '../../test/support/node.ts'
import { userId } from '../domain/ids.ts'
import { newUuid } from './occasion.ts'
import { PresenceCommands } from './presence.ts'

const node = '80000000-0000-4000-8000-000000000001'
const person = (n: number) => userId(`a0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`)

test('people who come and go crowd no conversation out of memory', async () => {
  await using inside = await Node.withRoom()
  await inside.openModels()
  const presence = new PresenceCommands(inside.commands)
  await inside.say('Hello')
  const read = inside.store.eventsRead
  const seen = { node, devices: [{ id: 'laptop', since: clock(1), away: false }], at: clock(1) }
  await Promise.all(Array.from({ length: 6_000 }, (_, n) => presence.report(person(n), seen)))
  await inside.say('Hello again')
  expect(inside.store.eventsRead).toBe(read)
}, 60_000)

test('two that come at the same time are decided one after the other', async () => {
  await using inside = await Node.open()
  const presence = new PresenceCommands(inside.commands)
  const seen = { node, devices: [{ id: 'laptop', since: clock(1), away: false }], at: clock(1) }
  const by = { actor: as(ada), requester: { user: ada, correlationId: newUuid() } }
  await Promise.all([
    presence.report(ada, seen),
    presence.setPresence(by, { status: 'BUSY' }),
    presence.report(ada, { ...seen, node: newUuid() }),
  ])
  const outcome = await presence.report(ada, { ...seen, devices: [] })
  expect(outcome).toMatchObject({ kind: 'done', revision: 3, state: { chosen: { status: 'BUSY' } } })
  expect(outcome.kind === 'done' && Object.keys(outcome.state.nodes)).toHaveLength(1)
})
