// Making an account writes two streams: stopped at every step in between.

import { expect, test } from 'vitest'
import { Died } from '../../test/support/faultyStore.ts'
import { Node } from '../../test/support/node.ts'
import { LoginAttempts } from '../accounts/attempts.ts'
import { Passwords } from '../accounts/passwords.ts'
import { RateLimits } from '../accounts/rates.ts'
import { usernameStream } from '../domain/streams.ts'
import { AccountCommands } from './accounts.ts'
import { reservations } from './aggregate.ts'
import { newUuid } from './occasion.ts'

const origin = { address: '127.0.0.1', correlationId: newUuid() }
const ada = { username: 'Ada', password: 'correct horse battery' }
const passwords = new Passwords()

const api = ({ commands, clock: { now } }: Node) =>
  new AccountCommands({
    commands,
    passwords,
    attempts: new LoginAttempts({ now, enabled: false }),
    rates: new RateLimits({ now, enabled: false }),
    registration: 'open',
    guests: true,
    lastMoment: (from) => from + 1_000,
  })

const ownerOf = async (node: Node, name: string) => {
  const { state } = await node.commands.load(reservations, usernameStream(name))
  return state.status === 'claimed' ? state.owner : undefined
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
      takenOver = await api(node).register(origin, { ...ada, password: 'another horse battery' })
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
