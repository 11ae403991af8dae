import { expect, test } from 'vitest'
import { userId } from '../domain/ids.ts'
import { AccountConnections } from './accountConnections.ts'

const person = (n: number, serverRole: 'MEMBER' | 'GUEST') => {
  const user = userId(`user_00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)
  return { userId: user, actor: { user, serverRole } }
}
const [ada, bob] = [person(1, 'MEMBER'), person(2, 'GUEST')]

test('each account has its places, guests have fewer, and a place is given back once', () => {
  const connections = new AccountConnections({ connectionsPerAccount: 2, connectionsPerGuest: 1 })
  const taken = [connections.take(ada), connections.take(ada), connections.take(bob)]
  expect(taken.filter((place) => 'errors' in place)).toEqual([])
  for (const full of [ada, bob])
    expect(connections.take(full)).toMatchObject({ kind: 'refused', status: 429, closeCode: 4291 })
  const [first] = taken
  if (!first || 'errors' in first) throw new Error('There was room for the first.')
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  expect(connections.take(ada)).not.toHaveProperty('errors')
  expect(connections.take(ada)).toHaveProperty('errors')
})
