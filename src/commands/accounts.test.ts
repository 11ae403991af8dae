// Making an account writes two streams: stopped at every step in between.

import { expect, test } from 'vitest'
import { Died } from '../../test/support/faultyStore.ts'
import { Node } from '../../test/support/node.ts'
import {
  accountsIn,
  goodPassword,
  identityOf,
  origin,
  otherPassword,
  claimantOf as ownerOf,
  peopleOf,
} from '../../test/support/peopleCommands.ts'

const ada = { username: 'Ada', password: goodPassword }
const api = (node: Node) => {
  const { accounts, signing } = peopleOf(node)
  return {
    register: accounts.register.bind(accounts),
    login: signing.login.bind(signing),
    claimGuest: accounts.claimGuest.bind(accounts),
    createGuest: accounts.createGuest.bind(accounts),
  }
}

test('a name that was claimed and then abandoned holds for 60 s, then it can be registered', async () => {
  await using node = await Node.open()
  node.store.faults = ['none', 'dead']
  await expect(api(node).register(origin, ada)).rejects.toThrow(Died)
  node.restart()
  expect(await api(node).register(origin, ada)).toMatchObject({ code: 'CONFLICT', field: 'username' })
  expect(await api(node).login(origin, ada)).toMatchObject({ code: 'UNAUTHENTICATED' })
  node.clock.time += 60_000
  const made = await api(node).register(origin, { ...ada, username: 'ADA' })
  expect(made).toMatchObject({ kind: 'done', userId: await ownerOf(node, 'ada') })
})

test('an account that was made before its session began can sign in', async () => {
  await using node = await Node.open()
  node.store.faults = ['none', 'none', 'dead']
  await expect(api(node).register(origin, ada)).rejects.toThrow(Died)
  node.restart()
  node.clock.time += 60_000
  expect(await api(node).register(origin, ada)).toMatchObject({ code: 'CONFLICT' })
  expect(await api(node).login(origin, ada)).toMatchObject({ kind: 'done', userId: await ownerOf(node, 'ada') })
})

test('whoever is so slow that the name is taken over is told, and the name leads to the other', async () => {
  await using node = await Node.open()
  let takenOver: unknown
  node.store.faults = [
    'none',
    async () => {
      node.clock.time += 60_000
      takenOver = await api(node).register(origin, { ...ada, password: otherPassword })
    },
  ]
  expect(await api(node).register(origin, ada)).toMatchObject({ code: 'CONFLICT', field: 'username' })
  expect(takenOver).toMatchObject({ kind: 'done', userId: await ownerOf(node, 'ada') })
  expect(await api(node).login(origin, ada)).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('a name is free again where the account was certainly not made, and kept where it may have been', async () => {
  await using node = await Node.open()
  node.store.faults = ['none', 'unavailable']
  expect(await api(node).register(origin, ada)).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await ownerOf(node, 'ada')).toBeUndefined()
  node.store.faults = ['none', 'unanswered', 'unavailable']
  expect(await api(node).register(origin, ada)).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await ownerOf(node, 'ada')).toBeDefined()
  expect(await api(node).login(origin, ada)).toMatchObject({ kind: 'done' })
})

/** A guest, signed in, with the name that was made up. */
async function newGuest(node: Node) {
  const identity = await identityOf(node, await api(node).createGuest(origin, { displayName: 'Otto' }))
  const [made] = (await accountsIn(node)).filter(({ stream }) => stream === `user-${identity.userId.slice(5)}`)
  return { identity, guestName: made?.username ?? '' }
}

test('a guest gets a name and a password, keeps session and display name, and frees the name that was made up', async () => {
  await using node = await Node.open()
  await node.openModels()
  const { identity, guestName } = await newGuest(node)
  const claimed = await api(node).claimGuest(origin, identity, ada)
  expect(claimed).toMatchObject({ kind: 'done', userId: identity.userId })
  expect(await ownerOf(node, 'ada')).toBe(identity.userId)
  expect(await ownerOf(node, guestName)).toBeUndefined()
  const signedIn = await api(node).login(origin, ada)
  expect(signedIn).toMatchObject({ kind: 'done', userId: identity.userId })
  expect(await api(node).login(origin, { ...ada, username: guestName })).toMatchObject({ code: 'UNAUTHENTICATED' })

  expect(await api(node).claimGuest(origin, identity, ada)).toMatchObject({ kind: 'done', userId: identity.userId })
  expect(await api(node).claimGuest(origin, identity, { ...ada, password: otherPassword })).toMatchObject({
    code: 'CONFLICT',
  })
  expect(await api(node).claimGuest(origin, identity, { ...ada, username: 'carol' })).toMatchObject({
    code: 'CONFLICT',
  })
  expect(await ownerOf(node, 'carol')).toBeUndefined()
})

test('a guest may keep the name that was made up', async () => {
  await using node = await Node.open()
  await node.openModels()
  const { identity, guestName } = await newGuest(node)
  const asked = { username: guestName, password: goodPassword }
  expect(await api(node).claimGuest(origin, identity, asked)).toMatchObject({ kind: 'done' })
  expect(await ownerOf(node, guestName)).toBe(identity.userId)
  expect(await api(node).login(origin, asked)).toMatchObject({ kind: 'done', userId: identity.userId })
})

test.each([
  { dies: 'before the name was claimed', faults: ['dead'] },
  { dies: 'before the account goes by it', faults: ['none', 'dead'] },
  { dies: 'before the old name was freed', faults: ['none', 'none', 'dead'] },
] as const)('a guest whose server dies $dies asks again, and is one account with one name', async ({ faults }) => {
  await using node = await Node.open()
  await node.openModels()
  const { identity, guestName } = await newGuest(node)
  node.store.faults = [...faults]
  await expect(api(node).claimGuest(origin, identity, ada)).rejects.toThrow(Died)
  node.restart()
  expect(await api(node).claimGuest(origin, identity, ada)).toMatchObject({ kind: 'done', userId: identity.userId })
  expect(await api(node).login(origin, ada)).toMatchObject({ kind: 'done', userId: identity.userId })
  expect(await api(node).login(origin, { ...ada, username: guestName })).toMatchObject({ code: 'UNAUTHENTICATED' })
  const claims = (await accountsIn(node)).filter(({ username }) => username === 'Ada')
  expect(claims).toEqual([{ stream: `user-${identity.userId.slice(5)}`, username: 'Ada' }])

  // The old name is free, or can be taken over since its owner does not go by it any more.
  node.clock.time += 60_000
  const next = await api(node).register(origin, { username: guestName, password: goodPassword })
  expect(next).toMatchObject({ kind: 'done', userId: await ownerOf(node, guestName) })
})

test('of two who want one name at the same instant one gets it, guest or not, and the other is told', async () => {
  await using node = await Node.open()
  await node.openModels()
  const [one, two] = [await newGuest(node), await newGuest(node)]
  const outcomes = await Promise.all([
    api(node).claimGuest(origin, one.identity, ada),
    api(node).claimGuest(origin, two.identity, ada),
    api(node).register(origin, ada),
  ])
  expect(outcomes.filter(({ kind }) => kind === 'done')).toMatchObject([{ userId: await ownerOf(node, 'ada') }])
  for (const outcome of outcomes)
    if (outcome.kind === 'refused') expect(outcome).toMatchObject({ code: 'CONFLICT', field: 'username' })
})

test('a guest so slow that the name is taken over is told, and may choose another one', async () => {
  await using node = await Node.open()
  await node.openModels()
  const { identity } = await newGuest(node)
  let takenOver: unknown
  node.store.faults = [
    'none',
    async () => {
      node.clock.time += 60_000
      takenOver = await api(node).register(origin, { ...ada, password: otherPassword })
    },
  ]
  expect(await api(node).claimGuest(origin, identity, ada)).toMatchObject({ code: 'CONFLICT', field: 'username' })
  expect(takenOver).toMatchObject({ kind: 'done', userId: await ownerOf(node, 'ada') })
  expect(await api(node).login(origin, ada)).toMatchObject({ code: 'UNAUTHENTICATED' })
  const again = await api(node).claimGuest(origin, identity, { ...ada, username: 'Ada2' })
  expect(again).toMatchObject({ kind: 'done', userId: identity.userId })
  expect(await api(node).login(origin, { ...ada, username: 'ada2' })).toMatchObject({ userId: identity.userId })
})

test('a guest whose account was certainly not changed gives the new name back', async () => {
  await using node = await Node.open()
  await node.openModels()
  const { identity, guestName } = await newGuest(node)
  node.store.faults = ['none', 'unavailable']
  expect(await api(node).claimGuest(origin, identity, ada)).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await ownerOf(node, 'ada')).toBeUndefined()
  expect(await ownerOf(node, guestName)).toBe(identity.userId)
})
