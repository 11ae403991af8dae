// Making the server somebody's own writes three streams: stopped at every step in between.

import { expect, test } from 'vitest'
import { Died } from '../../test/support/faultyStore.ts'
import { Node } from '../../test/support/node.ts'
import {
  accountsIn,
  claimantOf,
  goodPassword,
  operator,
  origin,
  otherPassword,
  peopleOf,
} from '../../test/support/peopleCommands.ts'
import type { UserId } from '../domain/ids.ts'
import { userStream } from '../domain/streams.ts'
import { theServer } from './accountClaims.ts'
import { accounts, reservations } from './aggregate.ts'

const grace = { username: 'Grace', password: goodPassword }

/** As after a start: with a new token, where there is something to claim. */
async function started(node: Node) {
  node.restart()
  const people = peopleOf(node)
  const token = await people.ownership.offer()
  const claim = (input = grace, given = token ?? 'none') => people.ownership.claim(origin, { ...input, token: given })
  return { ...people, token, claim }
}

async function ownerOf(node: Node) {
  const { state } = await node.commands.load(reservations, theServer)
  // Servers are claimed by people.
  return state.status === 'claimed' ? (state.owner as UserId) : undefined
}

test('the token makes one owner, and is void after', async () => {
  await using node = await Node.open()
  const { claim, signing } = await started(node)
  expect(await claim(grace, 'x'.repeat(43))).toMatchObject({ code: 'UNAUTHENTICATED', field: 'token' })
  expect(await claim(grace, '')).toMatchObject({ code: 'UNAUTHENTICATED', field: 'token' })
  expect(await claim({ ...grace, username: '?' })).toMatchObject({ code: 'BAD_INPUT', field: 'username' })
  expect(await claim({ ...grace, password: 'short' })).toMatchObject({ code: 'BAD_INPUT', field: 'password' })
  const made = await claim()
  expect(made).toMatchObject({ kind: 'done', userId: await ownerOf(node) })
  expect(await signing.login(origin, grace)).toMatchObject({ kind: 'done', userId: await ownerOf(node) })
  const owner = (await ownerOf(node)) ?? expect.fail('Nobody owns the server.')
  const { state } = await node.commands.load(accounts, userStream(owner))
  expect(state).toMatchObject({ kind: 'HUMAN', serverRole: 'OWNER' })
  expect(await claim({ ...grace, username: 'carol' })).toMatchObject({ code: 'CONFLICT' })
  expect(await claimantOf(node, 'carol')).toBeUndefined()
  expect((await started(node)).token).toBeUndefined()
})

test('of several claims at the same instant one wins, and the others are told', async () => {
  await using node = await Node.open()
  const { claim } = await started(node)
  const outcomes = await Promise.all(['Grace', 'carol', 'GRACE'].map((username) => claim({ ...grace, username })))
  expect(outcomes.map((outcome) => (outcome.kind === 'done' ? 'done' : outcome.code)).sort()).toEqual([
    'CONFLICT',
    'CONFLICT',
    'done',
  ])
  expect(await accountsIn(node)).toHaveLength(1)
})

test('and so it is with two nodes that each have a token', async () => {
  await using node = await Node.open()
  const [one, two] = [await started(node), await started(node)]
  const outcomes = await Promise.all([one.claim(), two.claim({ ...grace, username: 'carol' })])
  expect(outcomes.map((outcome) => (outcome.kind === 'done' ? 'done' : outcome.code)).sort()).toEqual([
    'CONFLICT',
    'done',
  ])
  expect(await accountsIn(node)).toHaveLength(1)
})

test('a taken name is said to be, and the claim goes on with another one', async () => {
  await using node = await Node.open()
  const { accounts, claim } = await started(node)
  await accounts.register(origin, grace)
  expect(await claim()).toMatchObject({ code: 'CONFLICT', field: 'username' })
  expect(await ownerOf(node)).toBeUndefined()
  expect(await claim({ ...grace, username: 'carol' })).toMatchObject({ kind: 'done' })
})

test.each([
  { dies: 'before the server was claimed', faults: ['dead'], waits: false },
  { dies: 'before the name was claimed', faults: ['none', 'dead'], waits: true },
  { dies: 'before the account was made', faults: ['none', 'none', 'dead'], waits: true },
] as const)(
  'when the server dies $dies, the next start shows a link that works, after a minute at most',
  async ({ faults, waits }) => {
    await using node = await Node.open()
    const first = await started(node)
    node.store.faults = [...faults]
    await expect(first.claim()).rejects.toThrow(Died)
    const next = await started(node)
    expect(next.token).toBeDefined()
    if (waits) {
      expect(await next.claim()).toMatchObject({ code: 'CONFLICT', detail: expect.stringContaining('in a minute') })
      node.clock.time += 60_000
    }
    expect(await next.claim()).toMatchObject({ kind: 'done', userId: await ownerOf(node) })
    expect(await accountsIn(node)).toHaveLength(1)
    expect((await started(node)).token).toBeUndefined()
  },
)

test('when the server dies before the session began, the owner is made and signs in', async () => {
  await using node = await Node.open()
  const first = await started(node)
  node.store.faults = ['none', 'none', 'none', 'dead']
  await expect(first.claim()).rejects.toThrow(Died)
  const next = await started(node)
  expect(next.token).toBeUndefined()
  expect(await next.signing.login(origin, grace)).toMatchObject({ kind: 'done', userId: await ownerOf(node) })
})

test('a second try with the token goes on with the first, without waiting', async () => {
  await using node = await Node.open()
  const { claim, signing } = await started(node)
  node.store.faults = ['none', 'none', 'unavailable']
  expect(await claim()).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await claimantOf(node, 'grace')).toBeUndefined()
  expect(await claim({ ...grace, username: 'carol' })).toMatchObject({ kind: 'done' })
  expect(await signing.login(origin, { ...grace, username: 'carol' })).toMatchObject({ kind: 'done' })
  expect(await accountsIn(node)).toHaveLength(1)
})

test('a second try finds the account that the first has made after all, and keeps its password', async () => {
  await using node = await Node.open()
  const { claim, signing } = await started(node)
  node.store.faults = ['none', 'none', 'unanswered', 'unavailable']
  expect(await claim()).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await claim({ ...grace, password: otherPassword })).toMatchObject({
    code: 'CONFLICT',
    detail: expect.stringContaining('Grace'),
  })
  expect(await signing.login(origin, grace)).toMatchObject({ kind: 'done' })
  expect(await accountsIn(node)).toHaveLength(1)
})

test('whoever is so slow that another one claims the server is told, and their account is nobody’s', async () => {
  await using node = await Node.open()
  const [slow, quick] = [await started(node), await started(node)]
  let quicker: unknown
  node.store.faults = [
    'none',
    async () => {
      node.clock.time += 60_000
      quicker = await quick.claim({ username: 'carol', password: otherPassword })
    },
  ]
  expect(await slow.claim()).toMatchObject({ code: 'CONFLICT' })
  expect(quicker).toMatchObject({ kind: 'done', userId: await ownerOf(node) })
  expect(await slow.signing.login(origin, grace)).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('an owner made by the operator makes the token void', async () => {
  await using node = await Node.open()
  const { administration, claim } = await started(node)
  expect(await administration.create(operator, { ...grace, role: 'OWNER' })).toMatchObject({ kind: 'done' })
  expect(await claim({ ...grace, username: 'carol' })).toMatchObject({ code: 'CONFLICT' })
  expect(await administration.create(operator, { ...grace, username: 'carol', role: 'OWNER' })).toMatchObject({
    code: 'CONFLICT',
  })
  expect(await accountsIn(node)).toHaveLength(1)
})
