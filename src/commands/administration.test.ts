import { expect, test } from 'vitest'
import { Died } from '../../test/support/faultyStore.ts'
import { Node } from '../../test/support/node.ts'
import {
  accountsIn,
  goodPassword,
  operator,
  origin,
  otherPassword,
  peopleOf,
} from '../../test/support/peopleCommands.ts'
import type { ServerRole } from '../domain/events.ts'

const password = goodPassword

/** A node whose operator has made these people, each named after its role. */
async function withPeople(...roles: readonly Exclude<ServerRole, 'GUEST'>[]) {
  const node = await Node.open()
  await node.follow()
  const { administration, signing } = peopleOf(node)
  for (const role of roles) {
    const made = await administration.create(operator, { username: role.toLowerCase(), password, role })
    if (made.kind !== 'done') throw new Error(made.detail)
  }
  return { node, administration, signing }
}

test('the operator makes accounts of every role, without an actor', async () => {
  const { node, administration, signing } = await withPeople('OWNER', 'ADMIN', 'MODERATOR', 'MEMBER')
  await using _ = node
  expect(await accountsIn(node)).toHaveLength(4)
  for await (const page of node.log.readAll())
    for (const event of page) expect(event.metadata.actor, event.type).toBeUndefined()
  expect(await signing.login(origin, { username: 'owner', password })).toMatchObject({ kind: 'done' })
  const again = { username: 'Member', password, role: 'MEMBER' } as const
  expect(await administration.create(operator, again)).toMatchObject({ code: 'CONFLICT', field: 'username' })
  expect(await administration.create(operator, { ...again, username: 'no name' })).toMatchObject({ code: 'BAD_INPUT' })
  expect(await administration.create(operator, { ...again, username: 'new', password: 'password' })).toMatchObject({
    code: 'BAD_INPUT',
    field: 'password',
  })
})

test('the last owner who can sign in stays', async () => {
  const { node, administration } = await withPeople('OWNER', 'MEMBER')
  await using _ = node
  const last = { code: 'CONFLICT', detail: expect.stringContaining('the last owner') }
  expect(await administration.setRole(operator, 'owner', 'ADMIN')).toMatchObject(last)
  expect(await administration.disable(operator, 'owner')).toMatchObject(last)
  expect(await administration.setRole(operator, '@member', 'OWNER')).toMatchObject({ kind: 'done' })
  // Both at once: one goes, and the other is the last one then.
  const both = await Promise.all(['owner', 'member'].map((who) => administration.setRole(operator, who, 'ADMIN')))
  expect(both).toMatchObject([{ kind: 'done' }, last])
  expect(await administration.setRole(operator, 'owner', 'OWNER')).toMatchObject({ kind: 'done' })
  expect(await administration.disable(operator, 'owner')).toMatchObject({ kind: 'done' })
  expect(await administration.setRole(operator, 'member', 'MEMBER')).toMatchObject(last)
})

test('whoever is made an owner while there is none owns the server', async () => {
  const { node, administration } = await withPeople('MEMBER')
  await using _ = node
  expect(await peopleOf(node).ownership.offer()).toBeDefined()
  expect(await administration.setRole(operator, 'member', 'OWNER')).toMatchObject({ kind: 'done' })
  expect(await peopleOf(node).ownership.offer()).toBeUndefined()
  expect(await administration.create(operator, { username: 'next', password, role: 'OWNER' })).toMatchObject({
    code: 'CONFLICT',
  })
})

test('a disabled account cannot sign in until it is enabled; twice changes nothing', async () => {
  const { node, administration, signing } = await withPeople('MEMBER')
  await using _ = node
  const asked = { username: 'member', password }
  expect(await administration.disable(operator, 'member', 'Spam.')).toMatchObject({
    events: [{ body: { reason: 'Spam.' } }],
  })
  expect(await administration.disable(operator, 'member')).toMatchObject({ kind: 'done', events: [] })
  expect(await signing.login(origin, asked)).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(await administration.enable(operator, 'member')).toMatchObject({ kind: 'done' })
  expect(await administration.enable(operator, 'member')).toMatchObject({ kind: 'done', events: [] })
  expect(await signing.login(origin, asked)).toMatchObject({ kind: 'done' })
  expect(await administration.disable(operator, 'nobody')).toMatchObject({ code: 'NOT_FOUND' })
})

test('a reset password is the only one, and guests have none to reset', async () => {
  const { node, administration, signing } = await withPeople('MEMBER')
  await using _ = node
  expect(await administration.resetPassword(operator, 'member', 'member')).toMatchObject({ code: 'BAD_INPUT' })
  expect(await administration.resetPassword(operator, 'member', otherPassword)).toMatchObject({ kind: 'done' })
  expect(await signing.login(origin, { username: 'member', password })).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(await signing.login(origin, { username: 'member', password: otherPassword })).toMatchObject({ kind: 'done' })
  const guest = await peopleOf(node).accounts.createGuest(origin, {})
  if (guest.kind !== 'done') throw new Error(guest.detail)
  expect(await administration.resetPassword(operator, guest.userId, password)).toMatchObject({ code: 'CONFLICT' })
  expect(await administration.setRole(operator, guest.userId, 'ADMIN')).toMatchObject({ code: 'CONFLICT' })
})

test('an account that its name does not lead to is nobody', async () => {
  const { node, administration } = await withPeople()
  await using _ = node
  node.store.faults = [
    'none',
    async () => {
      node.clock.time += 60_000
      await administration.create(operator, { username: 'twin', password: otherPassword, role: 'MEMBER' })
    },
  ]
  expect(await administration.create(operator, { username: 'twin', password, role: 'MEMBER' })).toMatchObject({
    code: 'CONFLICT',
  })
  const streams = (await accountsIn(node)).map(({ stream }) => stream.replace('-', '_'))
  expect(streams).toHaveLength(2)
  const outcomes = await Promise.all(streams.map((id) => administration.disable(operator, id)))
  expect(outcomes.map((outcome) => (outcome.kind === 'done' ? 'done' : outcome.code)).sort()).toEqual([
    'NOT_FOUND',
    'done',
  ])
})

test.each([0, 1, 2])('a first owner whose making dies after %i appends can be made again', async (appends) => {
  const { node, administration } = await withPeople()
  await using _ = node
  const owner = { username: 'grace', password, role: 'OWNER' } as const
  node.store.faults = [...Array.from({ length: appends }, () => 'none' as const), 'dead']
  await expect(administration.create(operator, owner)).rejects.toThrow(Died)
  node.restart()
  node.clock.time += 60_000
  expect(await peopleOf(node).administration.create(operator, owner)).toMatchObject({ kind: 'done' })
  expect(await accountsIn(node)).toHaveLength(1)
})
