// Appending: what is expected, what is repeated, what is too large.

import { describe, expect, test } from 'vitest'
import {
  AppendTooLarge,
  type Expected,
  maxAppendBytes,
  start,
  WrongExpectedRevision,
} from '../../../src/eventstore/port.ts'
import { eachTest, newestOnly, type OpenEngine } from './engine.ts'
import { all, event, events, revisions } from './samples.ts'

export function appendingSuite(name: string, openEngine: OpenEngine): void {
  describe(`${name}: expected revisions`, () => {
    const engine = eachTest(openEngine)

    test.each<[Expected, number, boolean]>([
      ['none', 0, true],
      ['any', 0, true],
      ['exists', 0, false],
      [0, 0, false],
      ['none', 3, false],
      ['any', 3, true],
      ['exists', 3, true],
      [2, 3, true],
      [1, 3, false],
      [3, 3, false],
    ])('expecting %s of a stream with %i events: accepted is %s', async (expected, there, accepted) => {
      if (there > 0) await engine.store.append('room-1', events(there), 'none')
      const append = engine.store.append('room-1', events(2), expected)
      if (accepted) {
        expect(await append).toMatchObject({ firstRevision: there, revision: there + 1, repeated: false })
        expect(await revisions(engine.store.readStream('room-1'))).toEqual([...Array(there + 2).keys()])
      } else {
        const error = await append.then(String, (reason: unknown) => reason)
        expect(error).toBeInstanceOf(WrongExpectedRevision)
        expect(error).toMatchObject({ stream: 'room-1', expected, actual: there === 0 ? undefined : there - 1 })
        expect(await revisions(engine.store.readStream('room-1'))).toEqual([...Array(there).keys()])
      }
    })

    test('without events only the expectation is checked', async () => {
      expect(await engine.store.append('room-1', [], 'none')).toMatchObject({ revision: -1, repeated: false })
      await expect(engine.store.append('room-1', [], 'exists')).rejects.toThrow(WrongExpectedRevision)
      await engine.store.append('room-1', events(2), 'none')
      expect(await engine.store.append('room-1', [], 1)).toMatchObject({ revision: 1 })
      await expect(engine.store.append('room-1', [], 0)).rejects.toThrow(WrongExpectedRevision)
      expect(await revisions(engine.store.readAll())).toEqual([0, 1])
    })

    test('a refused append does not disturb those beside it', async () => {
      const results = await Promise.allSettled([
        engine.store.append('room-1', events(1), 'none'),
        engine.store.append('room-1', events(1), 'none'),
        engine.store.append('room-1', events(1), 0),
        engine.store.append('room-2', events(1), 'exists'),
        engine.store.append('room-2', events(1), 'none'),
      ])
      expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, false, true])
      expect(await revisions(engine.store.readStream('room-1'))).toEqual([0, 1])
      expect(await revisions(engine.store.readStream('room-2'))).toEqual([0])
    })
  })

  describe(`${name}: ONCE`, () => {
    const engine = eachTest(openEngine)

    test.each<Expected>([1, 'any', 'exists'])(
      'ONCE: the same events again, expecting %s, are written once',
      async (expected) => {
        await engine.store.append('room-1', events(2), 'none')
        const batch = events(3)
        const first = await engine.store.append('room-1', batch, expected)
        await engine.store.append('room-1', events(4), 'any')
        expect(await engine.store.append('room-1', batch, expected)).toEqual({ ...first, repeated: true })
        const reopened = await engine.reopen()
        expect(await reopened.append('room-1', batch, expected)).toEqual({ ...first, repeated: true })
        expect(await revisions(reopened.readStream('room-1'))).toEqual([...Array(9).keys()])
      },
    )

    test('ONCE: the first events of a stream again, expecting none, are written once', async () => {
      const batch = events(2)
      const first = await engine.store.append('room-1', batch, 'none')
      expect(await engine.store.append('room-1', batch, 'none')).toEqual({ ...first, repeated: true })
    })

    test('ONCE: sent twice at the same moment, they are written once', async () => {
      const batch = events(2)
      const both = await Promise.all([
        engine.store.append('room-1', batch, 'any'),
        engine.store.append('room-1', batch, 'any'),
      ])
      expect(both.map(({ repeated }) => repeated)).toEqual([false, true])
      expect(both.map(({ revision }) => revision)).toEqual([1, 1])
    })

    test('other events at that place are a conflict', async () => {
      const [a, b, c] = [event(), event(), event()]
      await engine.store.append('room-1', [a, b, c], 'none')
      for (const [batch, expected] of [
        [[event()], 'none'],
        [[a, c], 'none'],
        [[a, b, c, event()], 'none'],
        [[b, a], 'any'],
        [[c, event()], 'any'],
        [[event(), b], 'exists'],
        [[b], 1],
        [[a], 2],
        [[event(), a], 2],
      ] as const) {
        await expect(engine.store.append('room-1', batch, expected)).rejects.toThrow(WrongExpectedRevision)
      }
      const twice = event()
      await expect(engine.store.append('room-1', [twice, twice], 'any')).rejects.toThrow(WrongExpectedRevision)
      expect(await revisions(engine.store.readStream('room-1'))).toEqual([0, 1, 2])
    })

    test('a part of an earlier append is recognised too', async () => {
      const [a, b, c] = [event(), event(), event()]
      await engine.store.append('room-1', [a, b, c], 'none')
      expect(await engine.store.append('room-1', [b], 0)).toMatchObject({ revision: 1, repeated: true })
      expect(await engine.store.append('room-1', [b, c], 'any')).toMatchObject({ firstRevision: 1, repeated: true })
    })

    test('the same id may stand in two streams', async () => {
      const one = event()
      await engine.store.append('room-1', [one], 'none')
      expect(await engine.store.append('room-2', [one], 'none')).toMatchObject({ revision: 0, repeated: false })
    })
  })

  describe(`${name}: sizes`, () => {
    const engine = eachTest(openEngine)

    const ofBytes = (bytes: number) => {
      const empty = event({ body: { text: '' } })
      const used = [empty.data, empty.body, empty.metadata].reduce(
        (sum, part) => sum + Buffer.byteLength(JSON.stringify(part)),
        Buffer.byteLength(empty.type),
      )
      // Two bytes each, so that characters and bytes are not the same.
      const left = bytes - used
      return { ...empty, body: { text: 'é'.repeat(Math.floor(left / 2)) + 'x'.repeat(left % 2) } }
    }

    test('an append of 1 MiB is taken, one byte more is not', async () => {
      await expect(engine.store.append('room-1', [ofBytes(maxAppendBytes + 1)], 'any')).rejects.toThrow(AppendTooLarge)
      expect(await engine.store.head('room-1')).toBeUndefined()
      const large = ofBytes(maxAppendBytes)
      await engine.store.append('room-1', [large], 'any')
      const [found] = await all(engine.store.readStream('room-1'))
      expect(found?.body).toEqual(large.body)
    })

    test('many small events together are measured too', async () => {
      const half = () => ofBytes(maxAppendBytes / 2)
      await expect(engine.store.append('room-1', [half(), half(), event()], 'any')).rejects.toThrow(AppendTooLarge)
      await expect(engine.store.append('room-1', [half(), half()], 'any')).resolves.toMatchObject({ revision: 1 })
    })
  })

  describe(`${name}: streams that keep only their newest event`, () => {
    const engine = eachTest(openEngine)
    const stream = `${newestOnly}1`

    test('hold one event, while revisions and positions go on', async () => {
      let before: string = start
      for (let revision = 0; revision < 5; revision += 1) {
        const body = revision === 2 ? {} : { body: { text: 'long '.repeat(revision * 40) } }
        const { body: _, ...bare } = event({ data: { revision } })
        const appended = await engine.store.append(
          stream,
          [{ ...bare, ...body }],
          revision === 0 ? 'none' : revision - 1,
        )
        expect(appended.revision).toBe(revision)
        expect(appended.position > before).toBe(true)
        before = appended.position
        const found = await all(engine.store.readStream(stream))
        expect(found).toMatchObject([{ revision, data: { revision } }])
        expect(found[0]?.body).toEqual(body.body)
      }
      const reopened = await engine.reopen()
      expect(await reopened.head(stream)).toMatchObject({ revision: 4, position: before })
      const next = await reopened.append(stream, events(2), 4)
      expect(next).toMatchObject({ firstRevision: 5, revision: 6 })
      expect(await revisions(reopened.readAll())).toEqual([6])
    })

    test('ONCE: recognise the newest event when it comes again', async () => {
      const batch = events(2)
      const first = await engine.store.append(stream, batch, 'none')
      expect(await engine.store.append(stream, batch, 'none')).toEqual({ ...first, repeated: true })
      expect(await engine.store.append(stream, batch, 'any')).toEqual({ ...first, repeated: true })
      await expect(engine.store.append(stream, events(1), 0)).rejects.toThrow(WrongExpectedRevision)
    })
  })
}
