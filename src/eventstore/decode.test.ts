import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kept, keptTypes, type StoredExample, writtenToday } from '../../test/fixtures/stored.ts'
import { keepsOnlyNewest } from '../domain/streams.ts'
import { decode, isDecoded, metadataOf } from './decode.ts'
import type { Position, RecordedEvent } from './port.ts'
import { openSqliteEventStore } from './sqlite/store.ts'

const position = '0000000000000007' as Position
const recorded = (example: StoredExample): RecordedEvent => ({ ...example, revision: 7, position })
const sent = recorded(kept('MessageSent'))

/** What an event says enough without. Every other field must be there. */
const optional: Readonly<Record<string, readonly string[]>> = {
  InvitationReceived: ['invitedBy'],
  RoomCreated: ['slug', 'topic'],
  RoomUpdated: ['name', 'slug', 'topic', 'visibility', 'historyVisibility', 'slowModeSeconds'],
  MessageSent: ['clientMessageId', 'mentions', 'mentionsRoom'],
  DMSent: ['clientMessageId', 'mentions', 'mentionsRoom'],
  MessageEdited: ['mentions', 'mentionsRoom'],
  MessageDeleted: ['cause'],
  PasswordChanged: ['keptSessionId'],
  AllSessionsEnded: ['keptSessionId'],
  PresenceChanged: ['status', 'statusSince', 'lastSeenAt'],
}

test('every type that is written today has its first version kept', () =>
  expect([...keptTypes()].sort()).toEqual([...writtenToday.keys()].sort()))

test.each(keptTypes())('%s of the first version is read', (type) => {
  const example = kept(type)
  const { actor, occurredAt } = example.metadata
  expect(decode(recorded(example))).toEqual({
    id: example.id,
    type,
    data: example.data,
    ...(example.body && { body: example.body }),
    stream: example.stream,
    revision: 7,
    position,
    occurredAt,
    ...(actor === undefined ? undefined : { actor }),
    ...(/^(room|dm)-/.test(example.stream) && { conversationId: example.stream.replace('-', '_') }),
  })
})

test.each([...writtenToday])('%s is written in exactly the shape that is kept', (type, today) =>
  expect(today).toStrictEqual(kept(type)),
)

test('the log gives back exactly what is kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-decode-'))
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
  try {
    for (const type of keptTypes()) {
      const { stream, ...event } = kept(type)
      await store.append(stream, [event], 'any')
    }
    const read = new Map<string, unknown>()
    for await (const page of store.readAll())
      for (const { position: _position, revision: _revision, ...event } of page) read.set(event.type, event)
    for (const type of keptTypes()) expect(read.get(type)).toStrictEqual(kept(type))
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('fields that are unknown are accepted', () => {
  const newer = { ...sent, data: { ...sent.data, colour: 'green' }, metadata: { ...sent.metadata, region: 'north' } }
  expect(decode(newer)).toMatchObject({ type: 'MessageSent', data: { number: 1, colour: 'green' } })
})

test('a body that was forgotten is absent', () => {
  const { body: _forgotten, ...bare } = sent
  const decoded = decode(bare)
  expect(isDecoded(decoded) && 'body' in decoded).toBe(false)
  expect(isDecoded(decoded)).toBe(true)
})

test.each([
  ['an unknown type', { ...sent, type: 'MessageSung' }, 'MessageSung'],
  ['a type that every object has', { ...sent, type: 'toString' }, 'toString'],
  ['damaged bytes', { ...sent, data: {}, damaged: 'The data is no JSON.' }, 'The data is no JSON.'],
  ['no time', { ...sent, metadata: { schemaVersion: '1' } }, 'time'],
])('an event with %s cannot be read, and says why', (_, event, why) => {
  const decoded = decode(event)
  expect(isDecoded(decoded)).toBe(false)
  expect(decoded).toEqual({ undecodable: expect.stringContaining(why) })
})

const fields = keptTypes().flatMap((type) => Object.keys(kept(type).data).map((field) => [type, field] as const))

test.each(fields)('%s without %s', (type, field) => {
  const event = recorded(kept(type))
  const { [field]: _missing, ...data } = event.data
  const decoded = decode({ ...event, data })
  if (optional[type]?.includes(field)) expect(isDecoded(decoded)).toBe(true)
  else expect(decoded).toEqual({ undecodable: `${type} lacks ${field}.` })
})

test('metadata are strings, and leave out an actor that is not there', () => {
  const occasion = { occurredAt: kept('MessageSent').metadata.occurredAt, correlationId: 'a', causationId: 'b' }
  expect(metadataOf(occasion as Parameters<typeof metadataOf>[0])).toStrictEqual({
    occurredAt: occasion.occurredAt,
    schemaVersion: '1',
    $correlationId: 'a',
    $causationId: 'b',
  })
})
