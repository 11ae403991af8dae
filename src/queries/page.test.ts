// Pages by key against a plain slice of the whole list.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messages } from '../../projections/messages.ts'
import { by, messageSent } from '../../test/fixtures/events.ts'
import { ada, general } from '../../test/fixtures/people.ts'
import { Node } from '../../test/support/node.ts'
import { seeded } from '../../test/support/seeded.ts'
import { dateTime, newUuid } from '../commands/occasion.ts'
import { messageId } from '../domain/ids.ts'
import { history } from './history.ts'
import { BadInput, cursorOf, type ListOrder, page, placeOf } from './page.ts'

const orders: readonly ListOrder[] = [
  { name: 'numbers up', field: 'number', direction: 1, ties: false },
  { name: 'numbers down', field: 'number', direction: -1, ties: false },
  // All of them were sent at one of three moments.
  { name: 'times up', field: 'sentAt', direction: 1, ties: true },
  { name: 'times down', field: 'sentAt', direction: -1, ties: true },
]
const count = 40

/** Ada's room with 40 messages in it, in the read models. */
async function full(): Promise<Node> {
  const node = await Node.withRoom()
  for (let number = 1; number <= count; number++)
    await node.plant({
      ...by(ada, messageSent(number, `${number}`, { id: messageId(newUuid()) })),
      occurredAt: dateTime(Date.UTC(2026, 0, 1, 0, 0, Math.floor((number * 3) / (count + 1)))),
    })
  await node.level()
  return node
}

test('every page of every list is a slice of it, whichever way it is asked for', async () => {
  await using node = await full()
  const models = node.projecting.readModels
  for (const order of orders) {
    const list = { projection: messages, filter: { conversationId: general }, order }
    const whole = (await page(models, list, { first: 100 })).edges
    expect(whole.map(({ node: { number } }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.nat(count - 1), { nil: undefined }),
        fc.boolean(),
        async (size, at, forwards) => {
          const cursor = at === undefined ? undefined : whole[at]?.cursor
          const found = await page(
            models,
            list,
            forwards ? { first: size, after: cursor } : { last: size, before: cursor },
          )
          const from = forwards ? (at ?? -1) + 1 : Math.max(0, (at ?? count) - size)
          const to = forwards ? Math.min(count, from + size) : (at ?? count)
          expect(found.edges).toEqual(whole.slice(from, to))
          expect(found.hasNextPage).toBe(forwards ? to < count : at !== undefined)
          expect(found.hasPreviousPage).toBe(forwards ? at !== undefined : from > 0)
          expect(await found.total()).toBe(count)
        },
      ),
      seeded({ numRuns: 40 }),
    )
  }
})

test('history around a message has it in the middle, and is filled from the other side at an end', async () => {
  await using node = await full()
  const models = node.projecting.readModels
  const whole = (await history(models, general, { first: 100 })).edges
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.nat(count - 1), async (size, at) => {
      const found = await history(models, general, { around: whole[at]?.node.id, first: size })
      const half = Math.floor((size - 1) / 2)
      const from = Math.max(0, Math.min(at - half, count - size))
      expect(found.edges).toEqual(whole.slice(from, from + size))
      expect(found.hasPreviousPage).toBe(from > 0)
      expect(found.hasNextPage).toBe(from + size < count)
    }),
    seeded({ numRuns: 60 }),
  )
})

test('a cursor is read back by its own list, and damaged or of another one it is BAD_INPUT', () => {
  const [numbers, , times] = orders
  if (!numbers || !times) throw new Error('There are four orders.')
  fc.assert(
    fc.property(fc.nat(), fc.uuid(), fc.nat(30), fc.constantFrom('A', '_', '!'), (key, id, index, other) => {
      expect(placeOf(times, cursorOf(times, { key, id }))).toEqual({ key, id })
      expect(placeOf(numbers, cursorOf(numbers, { key, id }))).toEqual({ key, id: '' })
      const cursor = cursorOf(times, { key, id })
      expect(() => placeOf(numbers, cursor)).toThrow(BadInput)
      fc.pre(cursor[index] !== other)
      expect(() => placeOf(times, cursor.slice(0, index) + other + cursor.slice(index + 1))).toThrow(BadInput)
    }),
    seeded(),
  )
})

test('history since a time begins with the first message of that time, wherever it stands among equal ones', async () => {
  await using node = await full()
  const models = node.projecting.readModels
  const whole = (await history(models, general, { first: 100 })).edges
  for (let second = -1; second <= 4; second++) {
    const since = dateTime(Date.UTC(2026, 0, 1, 0, 0, 0) + second * 1_000 - (second % 2 === 0 ? 1 : 0))
    const from = whole.findIndex(({ node: { sentAt } }) => sentAt >= since)
    const found = await history(models, general, { since, first: 7 })
    expect(found.edges, since).toEqual(from === -1 ? [] : whole.slice(from, from + 7))
  }
})
