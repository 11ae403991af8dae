import { expect, test } from 'vitest'
import { type Position, start } from '../../eventstore/port.ts'
import type { StoredState } from '../port.ts'
import { RecentStates } from './recentStates.ts'

const state = (revision: number): StoredState<unknown> => ({
  id: 'a',
  revision,
  position: start as Position,
  document: { revision },
})
const write = { collection: 'c', id: 'a', revision: 1, position: start, document: {} }
const none = () => false

test('what was found is known until a write to it begins', async () => {
  const recent = new RecentStates()
  recent.found('c', 'a', state(0), 20)
  recent.found('c', 'b', 'absent', 0)
  expect(recent.get('c', 'a')).toEqual(state(0))
  expect(recent.get('d', 'a')).toBeUndefined()
  let seen: unknown = 'nothing was asked'
  await recent.during([write], none, async () => {
    seen = recent.get('c', 'a')
  })
  expect(seen).toBeUndefined()
  expect(recent.get('c', 'a')).toBeUndefined()
  expect(recent.get('c', 'b')).toBe('absent')
})

test('what is found while writes to it are under way is not kept, nor after one of them has failed', async () => {
  const recent = new RecentStates()
  const ends: (() => void)[] = []
  const under = () => recent.during([write], none, () => new Promise<void>((resolve) => ends.push(resolve)))
  const failing = recent.during([write], none, async () => {
    throw new Error('The disk is full.')
  })
  const first = under()
  const second = under()
  recent.found('c', 'a', state(0), 20)
  expect(recent.get('c', 'a')).toBeUndefined()
  await expect(failing).rejects.toThrow('disk')
  ends[0]?.()
  await first
  recent.found('c', 'a', state(0), 20)
  expect(recent.get('c', 'a')).toBeUndefined()
  ends[1]?.()
  await second
  recent.found('c', 'a', state(1), 20)
  expect(recent.get('c', 'a')).toEqual(state(1))
})

test('of a collection that is being filled nothing is kept while writes to it are under way, of others as ever', async () => {
  const recent = new RecentStates()
  const ends: (() => void)[] = []
  const under = () =>
    recent.during(
      [write, { ...write, collection: 'd' }],
      (collection) => collection === 'c',
      () => {
        return new Promise<void>((resolve) => ends.push(resolve))
      },
    )
  const first = under()
  const second = under()
  const find = () => {
    for (const collection of ['c', 'd']) for (const id of ['a', 'b']) recent.found(collection, id, state(0), 20)
    return ['c', 'd'].map((collection) => ['a', 'b'].filter((id) => recent.get(collection, id) !== undefined).join())
  }
  expect(find()).toEqual(['', 'b'])
  ends[0]?.()
  await first
  expect(find()).toEqual(['', 'b'])
  ends[1]?.()
  await second
  expect(find()).toEqual(['a,b', 'a,b'])
})

test('long documents are not kept', () => {
  const recent = new RecentStates()
  recent.found('c', 'a', state(0), 100_000)
  expect(recent.get('c', 'a')).toBeUndefined()
})
