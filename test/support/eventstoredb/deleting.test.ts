import { describe, expect, test } from 'vitest'
import { all, event, events, failure, isReal, ofWhat, revisions, serve } from './serving.ts'

describe.each([true, false].slice(0, isReal ? 1 : 2))(`${ofWhat}: deleting (BatchAppend %s)`, (batchAppend) => {
  const serving = serve({ batchAppend })

  // The server's docs/server/features/streams.md, "Soft delete and TruncateBefore".
  test('a deleted stream is not found, and its revisions go on where it is written again', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(4))
    await serving.client.deleteStream(stream)
    expect(await failure(all(serving.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' })
    if (!isReal) await serving.restart()
    expect(await failure(all(serving.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' })
    const again = await serving.client.appendToStream(stream, events(2), { expectedRevision: 'no_stream' })
    expect(again).toMatchObject({ nextExpectedRevision: 5n })
    await serving.client.appendToStream(stream, event(), { expectedRevision: 5n })
    expect(await revisions(serving.client.readStream(stream))).toEqual([4, 5, 6])
    expect(await revisions(serving.client.readStream(stream, { direction: 'backwards', fromRevision: 'end' }))).toEqual(
      [6, 5, 4],
    )
  })

  test('two appends at once to a deleted stream are both seen', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(2))
    await serving.client.deleteStream(stream)
    await Promise.all([1, 2, 3].map((number) => serving.client.appendToStream(stream, event({ number }))))
    expect(await revisions(serving.client.readStream(stream))).toEqual([2, 3, 4])
  })

  // IndexWriter.cs, CheckCommit.
  test('a deleted stream does not exist, but its old revision may be expected', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(2))
    await serving.client.deleteStream(stream)
    const expecting = { expectedRevision: 'stream_exists' } as const
    expect(await failure(serving.client.appendToStream(stream, event(), expecting))).toMatchObject({
      type: 'stream-deleted',
      streamName: stream,
    })
    const appended = await serving.client.appendToStream(stream, event(), { expectedRevision: 1n })
    expect(appended).toMatchObject({ nextExpectedRevision: 2n })
  })

  // The same page: "`$all` stream circumvents index checking".
  test('the events of a deleted stream are still in $all', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(3))
    await serving.client.deleteStream(stream)
    const found = await all(serving.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 50 }))
    expect(found.filter((resolved) => resolved.event?.streamId === stream)).toHaveLength(3)
  })

  // The client's deleteStream.test.ts.
  test('deleting expects a revision, and that there is something', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(4))
    expect(await failure(serving.client.deleteStream(stream, { expectedRevision: 2n }))).toMatchObject({
      type: 'wrong-expected-version',
      streamName: stream,
      expectedVersion: 2n,
    })
    expect(await failure(serving.client.deleteStream(stream, { expectedRevision: 'no_stream' }))).toMatchObject({
      type: 'wrong-expected-version',
    })
    await serving.client.deleteStream(stream, { expectedRevision: 3n })
    const absent = serving.client.deleteStream(serving.stream('absent'), { expectedRevision: 'no_stream' })
    expect(await failure(absent)).toMatchObject({ type: 'wrong-expected-version' })
    await serving.client.setStreamMetadata(serving.stream('implicit'), { cacheControl: 10 })
    await serving.client.deleteStream(serving.stream('implicit'), { expectedRevision: 'no_stream' })
  })

  // The client's tombstoneStream.test.ts and appendToStream-errors.test.ts.
  test('a stream that was deleted for ever can be neither read nor written', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(2))
    await serving.client.tombstoneStream(stream)
    if (!isReal) await serving.restart()
    const deleted = { type: 'stream-deleted', streamName: stream }
    expect(await failure(all(serving.client.readStream(stream)))).toMatchObject(deleted)
    expect(await failure(serving.client.appendToStream(stream, event()))).toMatchObject(deleted)
    expect(await failure(serving.client.tombstoneStream(stream))).toMatchObject(deleted)
    expect(await failure(serving.client.deleteStream(stream))).toMatchObject(deleted)
    // The tombstone is an event, at the highest revision there is (EventNumber.cs, DeletedStream).
    const newest = await all(serving.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 20 }))
    const tombstone = newest.find((resolved) => resolved.event?.streamId === stream)
    expect(tombstone?.event).toMatchObject({ type: '$streamDeleted', revision: 2n ** 63n - 1n })
  })

  test('a stream that never was can be deleted for ever', async () => {
    const stream = serving.stream('room')
    await serving.client.tombstoneStream(stream, { expectedRevision: 'no_stream' })
    expect(await failure(all(serving.client.readStream(stream)))).toMatchObject({ type: 'stream-deleted' })
  })
})
