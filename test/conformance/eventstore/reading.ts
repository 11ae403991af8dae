// Reading: both directions, limits, pages; what is forgotten; what is there after reopening.

import { describe, expect, test } from 'vitest'
import { type Position, type RecordedEvent, start } from '../../../src/eventstore/port.ts'
import { eachTest, newestOnly, type OpenEngine } from './engine.ts'
import { all, event, events, revisions } from './samples.ts'

export function readingSuite(name: string, openEngine: OpenEngine): void {
  describe(`${name}: reading`, () => {
    const engine = eachTest(openEngine)

    /** room-1 and room-2 with ten events each, in turns; returns the positions of room-1. */
    async function twoRooms(): Promise<Position[]> {
      const positions: Position[] = []
      for (let number = 0; number < 10; number += 1) {
        positions.push((await engine.store.append('room-1', [event({ data: { number } })], 'any')).position)
        await engine.store.append('room-2', [event({ data: { number } })], 'any')
      }
      return positions
    }

    test('an event comes back as it was written', async () => {
      const { body: _, ...withoutBody } = event({ type: 'UserLeft', data: { odd: '\0 "é" 😀', list: [1, null, {}] } })
      const withBody = event({ body: { text: 'first\nsecond' } })
      const { position } = await engine.store.append('room-1', [withoutBody, withBody], 'none')
      const [first, second] = await all(engine.store.readStream('room-1'))
      expect(first).toEqual({ ...withoutBody, stream: 'room-1', revision: 0, position: first?.position })
      expect(second).toEqual({ ...withBody, stream: 'room-1', revision: 1, position })
      expect(await engine.store.at(position)).toEqual(second)
      expect(await engine.store.head('room-1')).toEqual({ revision: 1, position, id: withBody.id })
      expect(await engine.store.end()).toBe(position)
    })

    test('what is absent reads as absent', async () => {
      expect(await all(engine.store.readStream('room-1'))).toEqual([])
      expect(await all(engine.store.readAll())).toEqual([])
      expect(await all(engine.store.readAll({ direction: 'backwards' }))).toEqual([])
      expect(await engine.store.head('room-1')).toBeUndefined()
      expect(await engine.store.at(start)).toBeUndefined()
      expect(await engine.store.end()).toBe(start)
    })

    test('a stream is read from a revision, after a position, in both directions, within limits', async () => {
      const positions = await twoRooms()
      const read = (options: Parameters<typeof engine.store.readStream>[1]) =>
        revisions(engine.store.readStream('room-1', options))
      for (const pageSize of [1, 3, 10, 100]) {
        expect(await read({ pageSize })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        expect(await read({ pageSize, from: 7 })).toEqual([7, 8, 9])
        expect(await read({ pageSize, from: 3, limit: 4 })).toEqual([3, 4, 5, 6])
        expect(await read({ pageSize, direction: 'backwards' })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
        expect(await read({ pageSize, direction: 'backwards', from: 4, limit: 3 })).toEqual([4, 3, 2])
        expect(await read({ pageSize, limit: 0 })).toEqual([])
        for (const [revision, after] of positions.entries()) {
          const rest = [...Array(10).keys()].slice(revision + 1)
          expect(await read({ pageSize, after })).toEqual(rest)
          expect(await read({ pageSize, after, direction: 'backwards' })).toEqual(rest.toReversed())
        }
        expect(await read({ pageSize, after: start })).toHaveLength(10)
        expect(await read({ pageSize, after: positions[2] ?? start, from: 5, limit: 2 })).toEqual([5, 6])
      }
    })

    test('pages hold as many events as asked for, at most', async () => {
      await twoRooms()
      const sizes: number[] = []
      for await (const page of engine.store.readStream('room-1', { pageSize: 4 })) sizes.push(page.length)
      for await (const page of engine.store.readAll({ pageSize: 15 })) sizes.push(page.length)
      expect(sizes).toEqual([4, 4, 2, 15, 5])
    })

    test('ORDER: the whole log is read in the order of positions, in both directions', async () => {
      await twoRooms()
      const forwards = await all(engine.store.readAll({ pageSize: 3 }))
      expect(forwards.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual(
        [...Array(20).keys()].map((index) => `room-${(index % 2) + 1} ${Math.floor(index / 2)}`),
      )
      for (const [index, { position }] of forwards.entries()) {
        expect(position > (forwards[index - 1]?.position ?? start)).toBe(true)
      }
      expect(await all(engine.store.readAll({ direction: 'backwards', pageSize: 3 }))).toEqual(forwards.toReversed())
      const after = forwards[12]?.position ?? start
      expect(await all(engine.store.readAll({ after, limit: 3 }))).toEqual(forwards.slice(13, 16))
      expect(await all(engine.store.readAll({ after, direction: 'backwards', limit: 3 }))).toEqual(
        forwards.slice(9, 12).toReversed(),
      )
    })

    test('an aborted read says so', async () => {
      await twoRooms()
      const stop = new AbortController()
      const read = async () => {
        for await (const _ of engine.store.readAll({ pageSize: 2, signal: stop.signal })) stop.abort()
      }
      await expect(read()).rejects.toThrow('aborted')
    })

    test('ACK: everything is there after reopening, and positions go on', async () => {
      await twoRooms()
      const before = await all(engine.store.readAll())
      const end = await engine.store.end()
      const reopened = await engine.reopen()
      expect(await all(reopened.readAll())).toEqual(before)
      expect(await reopened.end()).toBe(end)
      const { position, revision } = await reopened.append('room-1', events(1), 9)
      expect(revision).toBe(10)
      expect(position > end).toBe(true)
    })
  })

  describe(`${name}: forgetting`, () => {
    const engine = eachTest(openEngine)
    const bodies = (found: readonly RecordedEvent[]) => found.map(({ body }) => body !== undefined)

    test('ERASE: a forgotten body is nowhere, the event stays', async () => {
      const [a, b, c] = [event(), event(), event()]
      const { position } = await engine.store.append('room-1', [a, b], 'none')
      await engine.store.append(`${newestOnly}1`, [c], 'none')
      await engine.store.forget([b.id, c.id])
      const check = async (store: typeof engine.store) => {
        expect(bodies(await all(store.readStream('room-1')))).toEqual([true, false])
        expect(bodies(await all(store.readStream('room-1', { pageSize: 2 })))).toEqual([true, false])
        expect(bodies(await all(store.readAll()))).toEqual([true, false, false])
        expect(await store.at(position)).toMatchObject({ id: b.id, data: b.data, metadata: b.metadata })
        expect((await store.at(position))?.body).toBeUndefined()
        expect((await store.at(position))?.damaged).toBeUndefined()
        for await (const { events: delivered } of store.subscribe({ after: start })) {
          expect(bodies(delivered)).toEqual([true, false, false])
          break
        }
      }
      await check(engine.store)
      await check(await engine.reopen())
    })

    test('unknown and forgotten ids are skipped, and no ids are none', async () => {
      const one = event()
      await engine.store.append('room-1', [one], 'none')
      await engine.store.forget([])
      await engine.store.forget([event().id, one.id])
      await engine.store.forget([one.id, one.id])
      expect(await engine.store.append('room-1', [one], 'none')).toMatchObject({ repeated: true })
      expect(bodies(await all(engine.store.readStream('room-1')))).toEqual([false])
    })

    test('a stream that keeps only its newest goes on after its body was forgotten', async () => {
      const one = event()
      await engine.store.append(`${newestOnly}1`, [one], 'none')
      await engine.store.forget([one.id])
      await engine.store.append(`${newestOnly}1`, [event({ body: { text: 'again' } })], 0)
      expect(await all(engine.store.readStream(`${newestOnly}1`))).toMatchObject([
        { revision: 1, body: { text: 'again' } },
      ])
    })
  })
}
