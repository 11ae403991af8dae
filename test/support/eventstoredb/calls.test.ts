// What the real client cannot be made to do, with calls of our own; and how a client finds the server.

import { randomUUID } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { EventStoreDBClient } from '@eventstore/db-client'
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { credentials, status } from '@grpc/grpc-js'
import empties from 'google-protobuf/google/protobuf/empty_pb.js'
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { uuidOf } from './places.ts'
import { all, event, failure, isReal, ofWhat, revisions, serve } from './serving.ts'

const { AppendReq, BatchAppendReq } = streams

const identifier = (stream: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(stream))

function fill<
  Message extends { setId(id: UUID): unknown; getMetadataMap(): { set(key: string, to: string): unknown } },
>(message: Message): Message {
  message.setId(uuidOf(randomUUID(), 'structured'))
  message.getMetadataMap().set('type', 'Said')
  message.getMetadataMap().set('content-type', 'application/octet-stream')
  return message
}

describe.skipIf(isReal)(`${ofWhat}: calls that are cut`, () => {
  const serving = serve({ batchAppend: true })
  let raw: InstanceType<typeof streamServices.StreamsClient>

  beforeEach(() => {
    raw = new streamServices.StreamsClient(`127.0.0.1:${serving.port}`, credentials.createInsecure())
  })
  afterEach(() => raw.close())

  test.each(['destroy', 'end'] as const)(
    'an append whose connection is lost before it is complete writes nothing (%s)',
    async (how) => {
      const stream = serving.stream('room')
      const sockets: Socket[] = []
      const relay = createServer((client) => {
        const server = connect(serving.port, '127.0.0.1')
        for (const socket of [client, server]) socket.on('error', () => {})
        sockets.push(client, server)
        client.pipe(server).pipe(client)
      })
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
      const { port } = relay.address() as AddressInfo // it listens on a port, not on a path
      const through = new streamServices.StreamsClient(`127.0.0.1:${port}`, credentials.createInsecure())
      await new Promise((resolve) => through.waitForReady(Date.now() + 10_000, resolve))
      const answered = new Promise((resolve) => {
        const call = through.append((error) => resolve(error?.code))
        const options = new AppendReq.Options().setStreamIdentifier(identifier(stream)).setAny(new shared.Empty())
        call.write(new AppendReq().setOptions(options))
        call.write(new AppendReq().setProposedMessage(fill(new AppendReq.ProposedMessage())))
        setTimeout(() => {
          for (const socket of sockets) socket[how]()
        }, 100)
      })
      expect(await answered).toBe(status.UNAVAILABLE)
      through.close()
      relay.close()
      await wait(100)
      expect(await failure(all(serving.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' })
    },
  )

  /** A part of an append through BatchAppend; the first one says where to. */
  function part(correlation: UUID, options: { stream?: string; deadline?: Date; final: boolean }) {
    const request = new BatchAppendReq().setCorrelationId(correlation).setIsFinal(options.final)
    request.addProposedMessages(fill(new BatchAppendReq.ProposedMessage()))
    if (options.stream === undefined) return request
    const where = new BatchAppendReq.Options().setStreamIdentifier(identifier(options.stream))
    where.setAny(new empties.Empty())
    if (options.deadline !== undefined) where.setDeadline(timestamps.Timestamp.fromDate(options.deadline))
    return request.setOptions(where)
  }

  test('a batch is written when its last part has come, between those of others, and not before', async () => {
    const [whole, half] = [serving.stream('whole'), serving.stream('half')]
    const [one, other] = [uuidOf(randomUUID()), uuidOf(randomUUID(), 'structured')]
    const call = raw.batchAppend()
    call.on('error', () => {})
    const answered = new Promise<BatchAppendResp>((resolve) => call.once('data', resolve))
    call.write(part(one, { stream: half, final: false }))
    call.write(part(other, { stream: whole, final: false }))
    call.write(part(one, { final: false }))
    call.write(part(other, { final: true }))
    const answer = await answered
    expect(answer.getSuccess()?.getCurrentRevision()).toBe('1')
    expect(answer.getCorrelationId()?.toObject()).toEqual(other.toObject())
    call.cancel()
    await wait(100)
    expect(await revisions(serving.client.readStream(whole))).toEqual([0, 1])
    expect(await failure(all(serving.client.readStream(half)))).toMatchObject({ type: 'stream-not-found' })
  })

  // Streams.BatchAppend.cs: Status.Timeout.
  test('a batch whose deadline has passed is refused', async () => {
    const stream = serving.stream('room')
    const call = raw.batchAppend()
    call.on('error', () => {})
    const answered = new Promise<BatchAppendResp>((resolve) => call.once('data', resolve))
    call.write(part(uuidOf(randomUUID()), { stream, deadline: new Date(Date.now() - 1_000), final: true }))
    const answer = await answered
    expect(answer.getError()?.getDetails()?.getTypeName()).toBe('event_store.client.Timeout')
    expect(Buffer.from(answer.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe(stream)
    call.cancel()
    expect(await failure(all(serving.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' })
  })

  test('an event without a type is refused, by trailers and in the reply of a batch', async () => {
    const stream = serving.stream('room')
    const nameless = (id: UUID) => new AppendReq.ProposedMessage().setId(id)
    const answered = new Promise((resolve) => {
      const call = raw.append((error) => resolve(error?.metadata.getMap()))
      const options = new AppendReq.Options().setStreamIdentifier(identifier(stream)).setAny(new shared.Empty())
      call.write(new AppendReq().setOptions(options))
      call.end(new AppendReq().setProposedMessage(nameless(uuidOf(randomUUID()))))
    })
    expect(await answered).toMatchObject({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    })
    const call = raw.batchAppend()
    call.on('error', () => {})
    const replied = new Promise<BatchAppendResp>((resolve) => call.once('data', resolve))
    const request = part(uuidOf(randomUUID()), { stream, final: true })
    request.getProposedMessagesList()[0]?.getMetadataMap().clear()
    call.write(request)
    expect((await replied).getError()?.getDetails()?.getTypeName()).toBe('event_store.client.BadRequest')
    call.cancel()
  })

  test('a client finds it by gossip', async () => {
    const address = `esdb+discover://127.0.0.1:${serving.port}?tls=false`
    const client = EventStoreDBClient.connectionString(address)
    const stream = serving.stream('room')
    await client.appendToStream(stream, event())
    expect(await revisions(client.readStream(stream))).toEqual([0])
    await client.dispose()
  })
})
