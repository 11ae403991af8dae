// Sessions and what ends them, interleaved with what begins them.

import { expect, test } from 'vitest'
import { Node } from '../../test/support/node.ts'
import {
  goodPassword,
  identityOf,
  operator,
  origin,
  otherPassword,
  peopleOf,
} from '../../test/support/peopleCommands.ts'
import { Passwords } from '../accounts/passwords.ts'
import { userStream } from '../domain/streams.ts'

const ada = { username: 'Ada', password: goodPassword }
const changing = { currentPassword: goodPassword, newPassword: otherPassword }

/** Somebody who has an account and one session. */
async function withAda() {
  const node = await Node.open()
  await node.follow()
  const laptop = await identityOf(node, await peopleOf(node).accounts.register(origin, ada))
  return { node, laptop }
}

const login = async (node: Node, password = goodPassword) =>
  await identityOf(node, await peopleOf(node).signing.login(origin, { ...ada, password }))

/** Tokens stand for nobody any more. */
const holds = async (node: Node, begun: object) =>
  'token' in begun && (await peopleOf(node).sessions.identify(String(begun.token))) !== undefined

/** Does something else while a password is checked. */
class Interrupted extends Passwords {
  readonly #when: 'before' | 'after'
  readonly #meanwhile: () => Promise<unknown>
  constructor(when: 'before' | 'after', meanwhile: () => Promise<unknown>) {
    super()
    this.#when = when
    this.#meanwhile = meanwhile
  }
  override async verify(...asked: Parameters<Passwords['verify']>): Promise<boolean> {
    if (this.#when === 'before') await this.#meanwhile()
    const matches = await super.verify(...asked)
    if (this.#when === 'after') await this.#meanwhile()
    return matches
  }
}

const changes = {
  'a changed password': async (node, laptop) => peopleOf(node).signing.changePassword(origin, laptop, changing),
  'a password reset by the operator': async (node) =>
    peopleOf(node).administration.resetPassword(operator, 'ada', otherPassword),
  'a disabled account': async (node) => peopleOf(node).administration.disable(operator, 'ada'),
  'an account disabled and enabled again': async (node) => {
    await peopleOf(node).administration.disable(operator, 'ada')
    return await peopleOf(node).administration.enable(operator, 'ada')
  },
  'the end of all sessions': async (node, { userId }) =>
    peopleOf(node).signing.logoutEverywhere(userId, operator.requester),
} satisfies Readonly<
  Record<string, (node: Node, laptop: Awaited<ReturnType<typeof identityOf>>) => Promise<{ readonly kind: string }>>
>
const moments = ['while its password is checked', 'right after that', 'right before its session begins'] as const

test.each(
  Object.keys(changes).flatMap((change) =>
    moments.map((moment) => ({ change: change as keyof typeof changes, moment })),
  ),
)('REVOKE: a login that races with $change $moment does not survive it', async ({ change, moment }) => {
  const { node, laptop } = await withAda()
  await using _ = node
  let changed: { readonly kind: string } | undefined
  const meanwhile = async () => {
    changed = await changes[change](node, laptop)
  }
  const passwords =
    moment === 'right before its session begins'
      ? undefined
      : new Interrupted(moment === 'right after that' ? 'after' : 'before', meanwhile)
  if (!passwords) node.store.faults = [meanwhile]
  const begun = await peopleOf(node, passwords).signing.login(origin, ada)
  expect(changed).toMatchObject({ kind: 'done' })
  expect(begun).toMatchObject({ kind: 'refused', code: 'UNAUTHENTICATED' })
  // Nor does a session that was written to the log all the same.
  await node.level()
  const kept = change === 'a changed password' ? [laptop.id] : []
  expect((await peopleOf(node).sessions.held(laptop.userId)).map(({ id }) => id)).toEqual(kept)
})

test('REVOKE: a session that began before ends by each of them, by the read models and by the log alone', async () => {
  for (const change of Object.values(changes)) {
    const { node, laptop } = await withAda()
    await using _ = node
    const phone = await peopleOf(node).signing.login(origin, ada)
    expect(await holds(node, phone)).toBe(true)
    await node.level()
    await node.unfollow()
    await change(node, laptop)
    if (phone.kind !== 'done') throw new Error('The phone was not signed in.')
    expect(await peopleOf(node).sessions.holdsNow(phone.sessionId)).toBe(false)
    await node.level()
    expect(await holds(node, phone)).toBe(false)
  }
}, 30_000)

test('a changed password ends the other sessions that held, and counts them', async () => {
  const { node, laptop } = await withAda()
  await using _ = node
  const [phone, tablet] = [await login(node), await login(node)]
  await peopleOf(node).signing.logout(tablet.id, operator.requester)
  const changed = await peopleOf(node).signing.changePassword(origin, laptop, changing)
  expect(changed).toMatchObject({ kind: 'done', ended: 1 })
  expect((await peopleOf(node).sessions.held(laptop.userId)).map(({ id }) => id)).toEqual([laptop.id])
  expect(await peopleOf(node).sessions.holdsNow(phone.id)).toBe(false)
  expect(await peopleOf(node).signing.login(origin, ada)).toMatchObject({ code: 'UNAUTHENTICATED' })
  await login(node, otherPassword)
  const all = await peopleOf(node).signing.logoutEverywhere(laptop.userId, operator.requester)
  expect(all).toMatchObject({ kind: 'done', ended: 2 })
  expect(await peopleOf(node).sessions.held(laptop.userId)).toEqual([])
  const none = await peopleOf(node).signing.logoutEverywhere(laptop.userId, operator.requester)
  expect(none).toMatchObject({ kind: 'done', ended: 0 })
})

test('ERASE: a changed password names the event with the hash before it, and says the display name again', async () => {
  const { node, laptop } = await withAda()
  await using _ = node
  const { accounts, signing } = peopleOf(node)
  await accounts.updateProfile({ actor: laptop.actor, requester: operator.requester }, { displayName: 'Ada L.' })
  await signing.changePassword(origin, laptop, changing)
  await signing.changePassword(origin, laptop, { currentPassword: otherPassword, newPassword: goodPassword })
  const events = []
  for await (const page of node.log.readStream(userStream(laptop.userId))) events.push(...page)
  const [registered, , first, second] = events
  expect(first).toMatchObject({
    type: 'PasswordChanged',
    data: { keptSessionId: laptop.id, forgets: [registered?.id] },
    body: { displayName: 'Ada L.' },
  })
  expect(second?.data).toEqual({ keptSessionId: laptop.id, forgets: [first?.id] })
  await node.level()
  await node.log.forget([registered?.id ?? '', first?.id ?? ''])
  expect(await node.projecting.verify(['users'], {})).toMatchObject([{ differenceCount: 0, documents: 1 }])
  expect(await login(node)).toMatchObject({ userId: laptop.userId })
})

test('of two who change one password at the same instant one succeeds, and the other is told that it is not the current one', async () => {
  const { node, laptop } = await withAda()
  await using _ = node
  const outcomes = await Promise.all([
    peopleOf(node).signing.changePassword(origin, laptop, changing),
    peopleOf(node).signing.changePassword(origin, laptop, { ...changing, newPassword: 'a third horse battery' }),
  ])
  expect(outcomes.map((outcome) => (outcome.kind === 'done' ? 'done' : outcome.code)).sort()).toEqual([
    'UNAUTHENTICATED',
    'done',
  ])
})

test('a session that ended while the password was checked changes nothing, and does not come back', async () => {
  const { node, laptop } = await withAda()
  await using _ = node
  const passwords = new Interrupted('after', () =>
    peopleOf(node).signing.logoutEverywhere(laptop.userId, operator.requester),
  )
  const refused = await peopleOf(node, passwords).signing.changePassword(origin, laptop, changing)
  expect(refused).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(await peopleOf(node).sessions.holdsNow(laptop.id)).toBe(false)
  await login(node)
})
