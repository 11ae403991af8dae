// What writes several streams, one after the other, in a process that is killed before or right after each of its appends.

import { expect, test, vi } from 'vitest'
import { userId } from '../../src/domain/ids.ts'
import { invitationsStream, userStream } from '../../src/domain/streams.ts'
import * as processes from '../../src/processes/inviting.ts'
import { userInvited, userJoined, userLeft } from '../fixtures/events.ts'
import { ada, bob, eve } from '../fixtures/people.ts'
import { Node } from '../support/node.ts'
import { accountsIn, claimantOf, goodPassword, identityOf, origin, peopleOf } from '../support/peopleCommands.ts'

/** `silent`: killed before the append arrived; `mute`: killed before its answer did. */
const endings = ['silent', 'mute'] as const
const atEach = (appends: number) =>
  Array.from({ length: appends }, (_, step) => endings.map((ending) => ({ step, ending }))).flat()

/** Lets the process begin `work`, and kills it at an append. */
async function killed(
  node: Node,
  { step, ending }: { readonly step: number; readonly ending: (typeof endings)[number] },
  work: () => unknown,
): Promise<void> {
  const before = node.store.appends.length
  node.store.faults = [...Array.from({ length: step }, () => 'none' as const), ending]
  work()
  await vi.waitFor(() => expect(node.store.appends.length).toBe(before + step + 1), { timeout: 10_000, interval: 5 })
  // What it still does, it does in the log: it is given the time.
  await new Promise((resolve) => setTimeout(resolve, 20))
  node.store.faults = []
  node.restart()
}

const grace = { username: 'Grace', password: goodPassword }

/** One account goes by the name, the name leads to it, and the password opens it. */
async function ownsItsName(node: Node): Promise<void> {
  const { signing } = peopleOf(node)
  const owner = await claimantOf(node, 'grace')
  expect(await signing.login(origin, grace)).toMatchObject({ kind: 'done', userId: owner })
  const named = (await accountsIn(node)).filter(({ username }) => username === 'Grace')
  expect(named).toEqual([{ stream: userStream(owner ?? userId('nobody')), username: 'Grace' }])
}

test.each(atEach(3))(
  'ACK ONCE: a registration killed at append $step ($ending) holds nothing up for ever',
  async (at) => {
    await using node = await Node.open()
    await killed(node, at, () => peopleOf(node).accounts.register(origin, grace))
    node.clock.time += 60_000
    const { accounts, signing } = peopleOf(node)
    const again = await accounts.register(origin, grace)
    // Where the account was made, its password opens it.
    if (again.kind === 'refused') expect(await signing.login(origin, grace)).toMatchObject({ kind: 'done' })
    await ownsItsName(node)
  },
)

test.each(atEach(3))('ACK ONCE: a guest whose claiming was killed at append $step ($ending) asks again', async (at) => {
  await using node = await Node.open()
  await node.openModels()
  const identity = await identityOf(node, await peopleOf(node).accounts.createGuest(origin, { displayName: 'Otto' }))
  await killed(node, at, () => peopleOf(node).accounts.claimGuest(origin, identity, grace))
  const again = await peopleOf(node).accounts.claimGuest(origin, identity, grace)
  expect(again).toMatchObject({ kind: 'done', userId: identity.userId })
  await ownsItsName(node)
})

test.each(atEach(4))('ACK ONCE: a claim to the server killed at append $step ($ending) makes one owner', async (at) => {
  await using node = await Node.open()
  const first = peopleOf(node)
  const token = (await first.ownership.offer()) ?? expect.fail('There is nothing to claim.')
  await killed(node, at, () => first.ownership.claim(origin, { ...grace, token }))
  node.clock.time += 60_000
  const { ownership } = peopleOf(node)
  const next = await ownership.offer()
  if (next !== undefined)
    expect(await ownership.claim(origin, { ...grace, token: next })).toMatchObject({ kind: 'done' })
  expect(await ownership.offer()).toBeUndefined()
  await ownsItsName(node)
})

const logger = { info() {}, warn() {}, error() {} }

async function inviting(node: Node): Promise<ReturnType<typeof processes.inviting>> {
  const process = processes.inviting({ store: node.log, documents: node.documents, logger, commands: node.commands })
  await process.open()
  await node.follow(process)
  return process
}

const told = async (node: Node, user = bob) =>
  (await Array.fromAsync(node.log.readStream(invitationsStream(user)))).flat().map(({ type }) => type)

test.each(atEach(5))(
  'ACK ONCE: people are told of invitations once, however the process was killed at append $step ($ending)',
  async (at) => {
    await using node = await Node.withRoom()
    await inviting(node)
    await killed(node, at, () =>
      node.plant(
        { ...userInvited(bob), actor: ada },
        { ...userInvited(eve), actor: ada },
        { ...userJoined(bob), actor: bob },
        { ...userLeft(bob), actor: bob },
        { ...userInvited(bob), actor: ada },
        { ...userJoined(eve), actor: eve },
      ),
    )
    for (let starts = 0; starts < 2; starts++) {
      const again = await inviting(node)
      await again.idle()
      await again.close()
    }
    expect(await told(node)).toEqual(['InvitationReceived', 'InvitationAccepted', 'InvitationReceived'])
    expect(await told(node, eve)).toEqual(['InvitationReceived', 'InvitationAccepted'])
  },
)
