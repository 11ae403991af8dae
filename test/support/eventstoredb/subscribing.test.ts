import { type EventStoreDBClient, eventTypeFilter, jsonEvent, streamNameFilter } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { event, events, failure, isReal, ofWhat, serve } from './serving.ts'

type Place = { readonly commit: bigint; readonly prepare: bigint }
type Subscription = ReturnType<EventStoreDBClient['subscribeToAll']>

/** What a subscription says, in order, until `enough`: stream and revision of an event, or the name of a mark. */
async function listen(subscription: Subscription, enough: (heard: readonly string[]) => boolean): Promise<string[]> {
  const heard: string[] = []
  try {
    return await new Promise((resolve, reject) => {
      const hear = (what: string) => {
        heard.push(what)
        if (enough(heard)) resolve([...heard])
      }
      subscription.on('error', reject)
      subscription.on('caughtUp', () => hear('caughtUp'))
      subscription.on('fellBehind', () => hear('fellBehind'))
      subscription.on('data', ({ event: one }) => hear(`${one?.streamId.replace(/^.*\./, '')} ${one?.revision}`))
    })
  } finally {
    await subscription.unsubscribe()
  }
}

/** Without the marks: the client may tell one before events that came ahead of it. */
const eventsIn = (heard: readonly string[]) => heard.filter((one) => one.includes(' '))

const isOver = (heard: readonly string[]) => heard.at(-1)?.startsWith('last') === true

describe(`${ofWhat}: subscriptions to $all`, () => {
  const serving = serve({ batchAppend: true })
  const prefixed = (options: Partial<Parameters<typeof streamNameFilter>[0]> = {}) =>
    streamNameFilter({ checkpointInterval: 1, ...options, prefixes: [serving.stream('')] })

  test('history comes first, then the word that it is caught up, then what is appended', async () => {
    const [one, two, last] = [serving.stream('one'), serving.stream('two'), serving.stream('last')]
    await serving.client.appendToStream(one, events(2))
    await serving.client.appendToStream(two, events(1))
    const subscription = serving.client.subscribeToAll({ fromPosition: 'start', filter: prefixed() })
    const hearing = listen(subscription, isOver)
    await new Promise((resolve) => subscription.once('caughtUp', resolve))
    await serving.client.appendToStream(one, events(1))
    await serving.client.appendToStream(last, events(1))
    const heard = await hearing
    expect(eventsIn(heard)).toEqual(['one 0', 'one 1', 'two 0', 'one 2', 'last 0'])
    expect(heard.indexOf('caughtUp')).toBeLessThan(heard.indexOf('one 2'))
  })

  // Enumerator.AllSubscriptionFiltered.cs: events at or before the position are left out.
  test('the position it begins from is excluded', async () => {
    const [one, last] = [serving.stream('one'), serving.stream('last')]
    const { position } = await serving.client.appendToStream(one, events(2))
    await serving.client.appendToStream(one, events(2))
    await serving.client.appendToStream(last, events(1))
    const fromPosition = position ?? 'start'
    const heard = await listen(serving.client.subscribeToAll({ fromPosition, filter: prefixed() }), isOver)
    expect(eventsIn(heard)).toEqual(['one 2', 'one 3', 'last 0'])
  })

  test('filters take prefixes or a pattern, of the stream or of the type', async () => {
    const [one, last] = [serving.stream('one'), serving.stream('last')]
    const type = serving.stream('Type').replaceAll('-', '')
    await serving.client.appendToStream(one, [event(), jsonEvent({ type: `${type}A`, data: {} })])
    await serving.client.appendToStream(last, jsonEvent({ type: `${type}B`, data: {} }))
    for (const [filter, expected] of [
      [streamNameFilter({ regex: `^${serving.stream('')}(one|last)$` }), ['one 0', 'one 1', 'last 0']],
      [eventTypeFilter({ prefixes: [`${type}A`, `${type}B`] }), ['one 1', 'last 0']],
      [eventTypeFilter({ regex: `${type}[B-Z]$` }), ['last 0']],
    ] as const) {
      expect(eventsIn(await listen(serving.client.subscribeToAll({ filter }), isOver))).toEqual(expected)
    }
  })

  // The same source: before caught up there is a checkpoint, and live one an interval.
  test('checkpoints are told though nothing passes the filter, and one can begin from each', async () => {
    const [other, last] = [serving.stream('x').replace('parley-test', 'other-test'), serving.stream('last')]
    await serving.client.appendToStream(other, events(100))
    const places: Place[] = []
    const checkpointReached = async (_: unknown, place: Place) => {
      places.push(place)
    }
    const filter = prefixed({ maxSearchWindow: 10, checkpointReached })
    const subscription = serving.client.subscribeToAll({ fromPosition: 'start', filter })
    const hearing = listen(subscription, isOver)
    await new Promise((resolve) => subscription.once('caughtUp', resolve))
    const caughtUpAt = places.length
    expect(caughtUpAt).toBeGreaterThanOrEqual(10)
    await serving.client.appendToStream(other, events(25))
    await serving.client.appendToStream(last, events(1))
    await hearing
    expect(places.length).toBeGreaterThanOrEqual(caughtUpAt + 2)
    for (const fromPosition of places) {
      const again = serving.client.subscribeToAll({ fromPosition, filter: prefixed() })
      expect(eventsIn(await listen(again, isOver))).toEqual(['last 0'])
    }
  })

  // The same source (CurrentPos, which is AllReader.cs's NextPos): a page's beginning, commit above prepare.
  test('a checkpoint may stand before an event: commit and prepare differ, and both count', async () => {
    const [other, last] = [serving.stream('x').replace('parley-test', 'other-test'), serving.stream('last')]
    const places: Place[] = []
    const checkpointReached = async (_: unknown, place: Place) => {
      places.push(place)
    }
    const { position } = await serving.client.appendToStream(other, events(10))
    const filter = prefixed({ maxSearchWindow: 5, checkpointReached })
    const fromPosition = position ?? 'start'
    await serving.client.appendToStream(other, events(5))
    await serving.client.appendToStream(last, events(1))
    await serving.client.appendToStream(other, events(20))
    await listen(serving.client.subscribeToAll({ fromPosition, filter }), (heard) => heard.at(-1) === 'caughtUp')
    expect(places.some(({ commit, prepare }) => commit !== prepare)).toBe(true)
    const commits = places.map(({ commit }) => commit)
    expect(commits).toEqual([...commits].sort((one, two) => (one < two ? -1 : 1)))
  })

  // RpcExceptions.cs, InvalidPositionException.
  test('a position where no event begins is refused', async () => {
    const { position } = await serving.client.appendToStream(serving.stream('one'), events(1))
    await serving.client.appendToStream(serving.stream('one'), events(1))
    const commit = (position?.commit ?? 0n) + 1n
    const subscription = serving.client.subscribeToAll({
      fromPosition: { commit, prepare: commit },
      filter: prefixed(),
    })
    expect(await failure(listen(subscription, isOver))).toBeInstanceOf(Error)
  })

  test('one that begins at the end hears only what is appended', async () => {
    const last = serving.stream('last')
    await serving.client.appendToStream(serving.stream('one'), events(2))
    const subscription = serving.client.subscribeToAll({ fromPosition: 'end', filter: prefixed() })
    const hearing = listen(subscription, isOver)
    await new Promise((resolve) => subscription.once('confirmation', resolve))
    await serving.client.appendToStream(last, events(1))
    expect(eventsIn(await hearing)).toEqual(['last 0'])
  })
})

describe(`${ofWhat}: slow consumers`, () => {
  const telling = serve({ batchAppend: true })
  const dropping = serve({ batchAppend: true, dropsSlowConsumers: true })

  /** Takes nothing while 3,000 events are appended, then goes on. */
  async function stall(serving: typeof telling): Promise<{ heard: string[]; failed: unknown }> {
    const filter = streamNameFilter({ prefixes: [serving.stream('')] })
    const subscription = serving.client.subscribeToAll({ fromPosition: 'end', filter })
    const heard: string[] = []
    const failed = new Promise((resolve) => subscription.once('error', resolve))
    subscription.on('fellBehind', () => heard.push('fellBehind'))
    subscription.on('caughtUp', () => heard.push('caughtUp'))
    await new Promise((resolve) => subscription.once('caughtUp', resolve))
    const text = 'x'.repeat(2_000)
    for (let round = 0; round < 30; round += 1) {
      await serving.client.appendToStream(
        serving.stream('one'),
        Array.from({ length: 100 }, () => event({ text })),
      )
    }
    const taken = new Promise((resolve) => {
      subscription.on('data', ({ event: one }) => {
        heard.push(String(one?.revision))
        if (one?.revision === 2_999n) resolve('all')
      })
    })
    const outcome = await Promise.race([failed, taken])
    await subscription.unsubscribe()
    return { heard, failed: outcome }
  }

  // Enumerator.AllSubscriptionFiltered.cs of version 24, GoLive.
  test('a client that could not keep up is told so, and misses nothing', async () => {
    const { heard, failed } = await stall(telling)
    expect(failed).toBe('all')
    expect(heard.filter((one) => /^\d/.test(one))).toEqual(Array.from({ length: 3_000 }, (_, index) => String(index)))
    if (!isReal) expect(heard).toContain('fellBehind')
  })

  // Enumerator.StreamSubscription.cs of version 23.10, ConsumerTooSlow.
  test.skipIf(isReal)('with older versions it loses its subscription', async () => {
    const { failed } = await stall(dropping)
    expect(failed).toMatchObject({ type: 'timeout' })
  })
})

describe(`${ofWhat}: subscriptions to a stream`, () => {
  const serving = serve({ batchAppend: true })

  test('begin after a revision, and end when the stream is deleted for ever', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(4))
    const subscription = serving.client.subscribeToStream(stream, { fromRevision: 1n })
    const heard: bigint[] = []
    const failed = new Promise((resolve) => subscription.once('error', resolve))
    subscription.on('data', ({ event: one }) => heard.push(one?.revision ?? -1n))
    await new Promise((resolve) => subscription.once('caughtUp', resolve))
    await serving.client.appendToStream(stream, events(1))
    await serving.client.appendToStream(serving.stream('other'), events(1))
    await serving.client.tombstoneStream(stream)
    // Enumerator.StreamSubscription.cs, MoveNextAsync.
    expect(await failed).toMatchObject({ type: 'stream-deleted', streamName: stream })
    expect(heard).toEqual([2n, 3n, 4n])
  })
})
