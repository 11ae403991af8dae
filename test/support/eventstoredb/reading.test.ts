import { binaryEvent } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { all, event, events, failure, isReal, ofWhat, revisions, serve } from './serving.ts'

describe(`${ofWhat}: reading`, () => {
  const serving = serve({ batchAppend: true })

  test('a stream is read from a revision, inclusive, in both directions, within a limit', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(10))
    const read = (options: Parameters<typeof serving.client.readStream>[1]) =>
      revisions(serving.client.readStream(stream, options))
    expect(await read({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await read({ fromRevision: 7n })).toEqual([7, 8, 9])
    expect(await read({ fromRevision: 3n, maxCount: 4 })).toEqual([3, 4, 5, 6])
    expect(await read({ fromRevision: 12n })).toEqual([])
    expect(await read({ direction: 'backwards', fromRevision: 'end', maxCount: 3 })).toEqual([9, 8, 7])
    expect(await read({ direction: 'backwards', fromRevision: 4n })).toEqual([4, 3, 2, 1, 0])
    expect(await read({ direction: 'backwards', fromRevision: 40n, maxCount: 2 })).toEqual([9, 8])
  })

  test('a stream that is absent is an error with its name', async () => {
    const stream = serving.stream('room')
    const read = serving.client.readStream(stream)
    expect(await failure(all(read))).toMatchObject({ type: 'stream-not-found', streamName: stream })
  })

  // The client's readAll.test.ts, "from position"; AllReader.cs for the direction backwards.
  test('$all includes the position it is read from, and backwards excludes it', async () => {
    const stream = serving.stream('room')
    const positions: { commit: bigint; prepare: bigint }[] = []
    for (let number = 0; number < 5; number += 1) {
      const { position } = await serving.client.appendToStream(stream, event({ number }))
      if (position !== undefined) positions.push(position)
    }
    const fromPosition = positions[2] ?? { commit: 0n, prepare: 0n }
    const ours = async (found: ReturnType<typeof serving.client.readAll>) =>
      (await all(found)).flatMap(({ event: one }) => (one?.streamId === stream ? [Number(one.revision)] : []))
    expect(await ours(serving.client.readAll({ fromPosition }))).toEqual([2, 3, 4])
    expect(await ours(serving.client.readAll({ fromPosition, direction: 'backwards', maxCount: 20 }))).toEqual([1, 0])
    expect(await ours(serving.client.readAll({ fromPosition: 'end' }))).toEqual([])
    expect(await ours(serving.client.readAll({ fromPosition, maxCount: 1 }))).toEqual([2])
  })

  // The client's readAll.test.ts, "from start": more events than were written.
  test('$all holds what the server writes for itself too', async () => {
    await serving.client.appendToStream(serving.stream('room'), events(1))
    const found = await all(serving.client.readAll({ maxCount: 1_000 }))
    expect(found.some((resolved) => resolved.event?.streamId.startsWith('$'))).toBe(true)
    const places = found.map((resolved) => resolved.event?.position?.commit ?? 0n)
    expect(places).toEqual([...places].sort((one, other) => (one < other ? -1 : 1)))
  })

  // RpcExceptions.cs, InvalidPositionException.
  test('a position where no event begins is refused', async () => {
    const { position } = await serving.client.appendToStream(serving.stream('room'), events(3))
    await serving.client.appendToStream(serving.stream('room'), events(3))
    const inside = (position?.commit ?? 0n) + 1n
    const read = serving.client.readAll({ fromPosition: { commit: inside, prepare: inside } })
    expect(await failure(all(read))).toBeInstanceOf(Error)
  })

  // The client's readAll.test.ts, "resolve link tos"; SubscriptionsService.cs, ResolveLinkToEvent.
  test('a link comes with the event it leads to, or alone where that is gone', async () => {
    const [stream, links] = [serving.stream('room'), serving.stream('links')]
    await serving.client.appendToStream(stream, events(3))
    const link = (revision: number) => binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${stream}`) })
    await serving.client.appendToStream(links, [link(1), link(7)])
    const [plain] = await all(serving.client.readStream(links))
    expect(plain?.event?.type).toBe('$>')
    const [found, lost] = await all(serving.client.readStream(links, { resolveLinkTos: true }))
    expect(found).toMatchObject({ event: { streamId: stream, revision: 1n }, link: { streamId: links, revision: 0n } })
    expect(lost?.event).toBeUndefined()
    expect(lost?.link).toMatchObject({ revision: 1n })
    await serving.client.setStreamMetadata(stream, { truncateBefore: 2 })
    const [hidden] = await all(serving.client.readStream(links, { resolveLinkTos: true, maxCount: 1 }))
    expect(hidden?.event).toBeUndefined()
  })

  test('a reader that stops early leaves the server to the others', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(2_000))
    for (let round = 0; round < 5; round += 1) {
      const reading = serving.client.readStream(stream)
      for await (const _ of reading) break
      await reading.cancel()
    }
    expect(await revisions(serving.client.readStream(stream, { maxCount: 2 }))).toEqual([0, 1])
  })
})

// The server's docs/server/features/streams.md, "Max count and Max age", "Soft delete and TruncateBefore".
describe(`${ofWhat}: streams that keep less`, () => {
  const serving = serve({ batchAppend: true })
  const inAll = async (stream: string) =>
    (await all(serving.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 30 }))).filter(
      (resolved) => resolved.event?.streamId === stream,
    ).length

  test('$maxCount shows the newest, $all shows all, and revisions go on', async () => {
    const stream = serving.stream('presence')
    await serving.client.setStreamMetadata(stream, { maxCount: 1 })
    for (let number = 0; number < 4; number += 1) {
      await serving.client.appendToStream(stream, event({ number }))
      expect(await revisions(serving.client.readStream(stream))).toEqual([number])
    }
    if (!isReal) await serving.restart()
    expect(await revisions(serving.client.readStream(stream))).toEqual([3])
    expect(await revisions(serving.client.readStream(stream, { fromRevision: 1n }))).toEqual([3])
    expect(await revisions(serving.client.readStream(stream, { direction: 'backwards', fromRevision: 'end' }))).toEqual(
      [3],
    )
    expect(await inAll(stream)).toBe(4)
  })

  // IndexWriter.cs: ReadPrepare does not ask what is shown.
  test('a repeat is recognised though its events are not shown any more', async () => {
    const stream = serving.stream('presence')
    await serving.client.setStreamMetadata(stream, { maxCount: 1 })
    const first = events(1)
    const appended = await serving.client.appendToStream(stream, first, { expectedRevision: 'no_stream' })
    await serving.client.appendToStream(stream, events(1), { expectedRevision: 0n })
    if (!isReal) await serving.restart()
    expect(await serving.client.appendToStream(stream, first, { expectedRevision: 'no_stream' })).toMatchObject({
      nextExpectedRevision: appended.nextExpectedRevision,
    })
  })

  test('$tb hides what is before it', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(4))
    await serving.client.setStreamMetadata(stream, { truncateBefore: 3 })
    expect(await revisions(serving.client.readStream(stream))).toEqual([3])
    await serving.client.setStreamMetadata(stream, { truncateBefore: 9 })
    expect(await revisions(serving.client.readStream(stream))).toEqual([])
    expect(await inAll(stream)).toBe(4)
  })

  test('$maxAge hides what is older, also when nothing is left', async () => {
    const stream = serving.stream('draft')
    await serving.client.setStreamMetadata(stream, { maxAge: 3 })
    await serving.client.appendToStream(stream, events(2))
    expect(await revisions(serving.client.readStream(stream))).toEqual([0, 1])
    await new Promise((resolve) => setTimeout(resolve, 3_200))
    expect(await revisions(serving.client.readStream(stream))).toEqual([])
    await serving.client.appendToStream(stream, event(), { expectedRevision: 1n })
    expect(await revisions(serving.client.readStream(stream))).toEqual([2])
  })

  test('metadata are the newest event of a stream of their own', async () => {
    const stream = serving.stream('room')
    await serving.client.setStreamMetadata(stream, { maxCount: 5 })
    const second = await serving.client.setStreamMetadata(stream, { maxAge: 7, custom: 'kept' })
    expect(second).toMatchObject({ nextExpectedRevision: 1n })
    expect(await serving.client.getStreamMetadata(stream)).toMatchObject({
      metadata: { maxAge: 7, custom: 'kept' },
    })
    expect(await revisions(serving.client.readStream(`$$${stream}`))).toEqual([1])
    expect((await serving.client.getStreamMetadata(serving.stream('other'))).metadata).toBeUndefined()
  })
})
