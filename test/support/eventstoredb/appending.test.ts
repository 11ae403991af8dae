import { type AppendExpectedRevision, binaryEvent, jsonEvent } from '@eventstore/db-client'
import featureServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import { credentials } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { all, event, events, failure, isReal, ofWhat, revisions, serve } from './serving.ts'

describe.each([
  ['BatchAppend', true],
  ['Append', false],
])(`${ofWhat}: %s`, (name, batchAppend) => {
  // A real server has both, and then the client takes BatchAppend.
  if (isReal && !batchAppend) {
    test.skip('the real server has BatchAppend, so that the client does not take this way')
    return
  }
  const serving = serve({ batchAppend })

  test.skipIf(isReal)('is the way the client takes, because the server says what it has', async () => {
    const features = new featureServices.ServerFeaturesClient(`127.0.0.1:${serving.port}`, credentials.createInsecure())
    const supported = await new Promise<SupportedMethods>((resolve, reject) => {
      features.getSupportedMethods(new shared.Empty(), (error, found) => (error ? reject(error) : resolve(found)))
    })
    features.close()
    const names = supported.getMethodsList().map((method) => method.getMethodName())
    expect(names.includes('batchappend'), name).toBe(batchAppend)
  })

  test.each<[AppendExpectedRevision, number, boolean]>([
    ['no_stream', 0, true],
    ['any', 0, true],
    ['stream_exists', 0, false],
    [0n, 0, false],
    ['no_stream', 3, false],
    ['any', 3, true],
    ['stream_exists', 3, true],
    [2n, 3, true],
    [1n, 3, false],
    [3n, 3, false],
  ])('expecting %s of a stream with %i events: taken is %s', async (expectedRevision, there, taken) => {
    const stream = serving.stream('room')
    if (there > 0) await serving.client.appendToStream(stream, events(there))
    const append = serving.client.appendToStream(stream, events(2), { expectedRevision })
    if (taken) {
      expect(await append).toMatchObject({ success: true, nextExpectedRevision: BigInt(there + 1) })
      return
    }
    // An absent stream is told by a word (the client's appendToStream-errors.test.ts).
    expect(await failure(append)).toMatchObject({
      type: 'wrong-expected-version',
      streamName: stream,
      expectedVersion: expectedRevision,
      actualVersion: there === 0 ? 'no_stream' : BigInt(there - 1),
    })
  })

  test('data and metadata come back as the bytes they were', async () => {
    const stream = serving.stream('room')
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const before = Date.now()
    const { position } = await serving.client.appendToStream(stream, [
      jsonEvent({ type: 'Said', data: { text: 'é 😀 \u0000' }, metadata: { actor: 'user_1' } }),
      binaryEvent({ type: 'Sealed', data: bytes, metadata: bytes.slice(128) }),
    ])
    const [first, second] = await all(serving.client.readStream(stream))
    expect(first?.event).toMatchObject({ isJson: true, data: { text: 'é 😀 \u0000' }, metadata: { actor: 'user_1' } })
    expect(second?.event).toMatchObject({ isJson: false, type: 'Sealed', data: bytes, metadata: bytes.slice(128) })
    expect(second?.event?.position).toEqual(position)
    expect(Math.abs(Number(first?.event?.created) - before)).toBeLessThan(60_000)
  })

  // The next four: IndexWriter.cs, CheckCommit, and the documentation, "Optimistic concurrency and idempotence".
  test('the same ids after the same revision are recognised, however much later', async () => {
    const stream = serving.stream('room')
    await serving.client.appendToStream(stream, events(2))
    const batch = events(3)
    const first = await serving.client.appendToStream(stream, batch, { expectedRevision: 1n })
    await serving.client.appendToStream(stream, events(2))
    if (!isReal) await serving.restart()
    const again = await serving.client.appendToStream(stream, batch, { expectedRevision: 1n })
    expect(again).toEqual(first)
    expect(await revisions(serving.client.readStream(stream))).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  test('a part of an earlier append is recognised, and other ids in between are refused', async () => {
    const stream = serving.stream('room')
    const [a, b, c] = [event(), event(), event()]
    await serving.client.appendToStream(stream, [a, b, c], { expectedRevision: 'no_stream' })
    const expecting = { expectedRevision: 'no_stream' } as const
    expect(await serving.client.appendToStream(stream, [a, b], expecting)).toMatchObject({ nextExpectedRevision: 1n })
    for (const batch of [[a, c], [event()], [a, b, c, event()]]) {
      const refused = await failure(serving.client.appendToStream(stream, batch, expecting))
      expect(refused).toMatchObject({ type: 'wrong-expected-version' })
    }
  })

  test('at the very end of the stream, ids that were seen before are appended again', async () => {
    const stream = serving.stream('room')
    const one = event()
    await serving.client.appendToStream(stream, one, { expectedRevision: 'no_stream' })
    await serving.client.appendToStream(stream, one, { expectedRevision: 0n })
    const found = await all(serving.client.readStream(stream))
    expect(found.map((resolved) => resolved.event?.id)).toEqual([one.id, one.id])
  })

  test('without an expected revision, ids are recognised only while the server remembers them', async () => {
    const stream = serving.stream('room')
    const batch = events(2)
    const first = await serving.client.appendToStream(stream, batch, { expectedRevision: 'any' })
    await serving.client.appendToStream(stream, events(1))
    expect(await serving.client.appendToStream(stream, batch, { expectedRevision: 'any' })).toEqual(first)
    const [known] = batch
    const half = known === undefined ? [] : [known, event()]
    expect(await failure(serving.client.appendToStream(stream, half))).toMatchObject({ type: 'wrong-expected-version' })
    if (isReal) return
    await serving.restart()
    const again = await serving.client.appendToStream(stream, batch, { expectedRevision: 'any' })
    expect(again).toMatchObject({ nextExpectedRevision: 4n })
  })

  // Event.cs, SizeOnDisk: two bytes for each letter of the type; the default of MaxAppendSize is 1 MiB.
  test('an append of 1 MiB is taken, one byte more is not', async () => {
    const stream = serving.stream('room')
    const ofBytes = (bytes: number) =>
      binaryEvent({ type: 'Large', data: new Uint8Array(bytes - 10 - 3), metadata: Buffer.from('abc') })
    const tooLarge = await failure(serving.client.appendToStream(stream, ofBytes(1_048_577)))
    expect(tooLarge).toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 1_048_576 })
    const half = [ofBytes(524_288), ofBytes(524_289)]
    expect(await failure(serving.client.appendToStream(stream, half))).toMatchObject({ maxAppendSize: 1_048_576 })
    await serving.client.appendToStream(stream, ofBytes(1_048_576))
    if (!isReal) await serving.restart()
    const [found] = await all(serving.client.readStream(stream))
    expect(found?.event?.data).toHaveLength(1_048_563)
  })

  test('many appends at once get revisions without holes', async () => {
    const streams = ['one', 'two', 'three'].map((of) => serving.stream(of))
    await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        serving.client.appendToStream(streams[index % 3] ?? '', events(1 + (index % 2))),
      ),
    )
    for (const stream of streams) {
      const found = await revisions(serving.client.readStream(stream))
      expect(found).toEqual([...Array(300).keys()])
    }
  })

  test('of many who expect the same revision, one succeeds', async () => {
    const stream = serving.stream('room')
    const appends = Array.from({ length: 20 }, () =>
      serving.client.appendToStream(stream, event(), { expectedRevision: 'no_stream' }),
    )
    const results = await Promise.allSettled(appends)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
