// What is kept of what was sent, as bytes.

import { expect, test } from 'vitest'
import { by, messageDeleted, messageEdited, messageSent, roomUpdated, userJoined } from '../../test/fixtures/events.ts'
import { ada, bob } from '../../test/fixtures/people.ts'
import { generalStream, written } from '../../test/support/node.ts'
import { newUuid } from '../commands/occasion.ts'
import { messageId } from '../domain/ids.ts'
import type { Position, RecordedEvent } from '../eventstore/port.ts'
import { chunkOf, cutFrom } from './chunk.ts'
import { type FeedEvent, feedEvent } from './event.ts'
import type { MadeFrame } from './madeFrame.ts'
import { Ring } from './ring.ts'
import { Rings } from './rings.ts'

const position = (revision: number) => `${revision}`.padStart(8, '0') as Position

const at = (revision: number, event: Parameters<typeof written>[0]): FeedEvent =>
  feedEvent({ ...written(event), stream: generalStream, revision, position: position(revision) }, true)

const said = (revision: number) => at(revision, by(ada, messageSent(revision, 'tea', { id: messageId(newUuid()) })))

/** Each event is shown as its revision in brackets, so that what is cut can be read. */
function made(events: readonly FeedEvent[], padding = ''): MadeFrame {
  const texts = events.map(({ revision }) => `[${revision}${padding}]`)
  const bytes = Buffer.from(`<${texts.join()}>`)
  const starts: number[] = []
  let end = 1
  for (const [index, text] of texts.entries()) {
    if (index > 0) end++
    starts.push(end)
    end += text.length
  }
  return { text: bytes.toString(), parts: [bytes], cursor: undefined, cuts: { bytes, starts, end } }
}

interface World {
  readonly nodeBytes?: number
  readonly ringBytes?: number
  readonly lasting?: boolean
}

function world({ nodeBytes = 1_000_000, ringBytes = 1_000_000, lasting = true }: World = {}) {
  let checkpoint = position(0)
  const rings = new Rings(() => checkpoint, { nodeBytes, ringBytes })
  const ring = new Ring(rings, { lasting })
  const keep = (first: number, last: number, { live = false, padding = '', of = ring } = {}) => {
    const events = Array.from({ length: last - first + 1 }, (_, index) => said(first + index))
    const chunk = chunkOf(events, made(events, padding))
    if (chunk) of.keep(chunk, of.version, { live })
  }
  /** What somebody is given who goes on there. */
  const given = (revision: number, of = ring) => {
    const cut = cutFrom(of.from(revision), revision)
    return cut && Buffer.concat(cut.parts).toString()
  }
  const folded = (revision: number) => {
    checkpoint = position(revision)
  }
  return { rings, ring, keep, given, folded }
}

test('RESUME: from any revision on exactly what follows is given, whatever pieces it was kept in', () => {
  const { keep, given } = world()
  keep(3, 5)
  keep(6, 6, { live: true })
  keep(7, 9, { live: true })
  keep(0, 2)
  for (let revision = 0; revision <= 9; revision++) {
    const revisions = Array.from({ length: 10 - revision }, (_, index) => `[${revision + index}]`)
    expect(given(revision)).toBe(revisions.join())
  }
  expect([given(10), given(-1)]).toEqual([undefined, undefined])
})

test('what is missing in the middle is made, and nothing else of its page', () => {
  const { ring, keep, given } = world()
  keep(250, 260)
  keep(270, 280)
  expect(given(255)).toBe('[255],[256],[257],[258],[259],[260]')
  expect(ring.gapAt(265, 400)).toEqual({ from: 261, until: 269 })
  expect(ring.gapAt(300, 400)).toEqual({ from: 281, until: 400 })
  expect(ring.gapAt(300, 4_000)).toEqual({ from: 281, until: 499 })
  expect(ring.gapAt(600, 4_000)).toEqual({ from: 500, until: 749 })
})

test('a frame ends where its page does, so that the next one is the same for all', () => {
  const { keep, given } = world()
  keep(240, 249)
  keep(250, 251)
  expect(given(248)).toBe('[248],[249]')
  expect(given(250)).toBe('[250],[251]')
})

test('ERASE: an edit or a deletion takes out all that shows the message, and what is being made', () => {
  const message = messageId(newUuid())
  for (const change of [
    messageEdited(message, 'milk', { subjectRevision: 5 }),
    messageDeleted(message, { subjectRevision: 5 }),
  ]) {
    const { ring, keep, given } = world()
    keep(0, 3)
    keep(4, 6)
    const { version } = ring
    const events = [said(7)]
    ring.begun({ from: 7, until: 9, made: Promise.resolve(undefined) })
    ring.told(at(10, by(ada, change)))
    expect([given(0), given(4)]).toEqual(['[0],[1],[2],[3]', undefined])
    expect(ring.underWayAt(8)).toBeUndefined()
    const late = chunkOf(events, made(events))
    if (late) ring.keep(late, version)
    expect(given(7)).toBeUndefined()
    expect(ring.changedAt).toBe(position(10))
  }
})

test('SAME: what is not known to leave earlier events as they were takes out everything', () => {
  const { ring, keep, given } = world()
  keep(0, 3)
  ring.told(at(4, userJoined(bob)))
  ring.told(said(5))
  expect(given(0)).toBeDefined()
  ring.told(at(6, by(ada, roomUpdated({ topic: 'Milk' }))))
  expect(given(0)).toBeUndefined()
})

test('SAME: a change of a person takes out everything of the node, until the read models know of it', () => {
  const { rings, ring, keep, given, folded } = world()
  const account = (type: string, revision: number): RecordedEvent => ({
    ...written(userJoined(bob)),
    type,
    stream: 'user-1',
    revision,
    position: position(revision),
  })
  keep(0, 3)
  rings.deliver([account('PasswordChanged', 4), account('UserRegistered', 5)])
  expect([given(0) !== undefined, ring.knowsPeople]).toEqual([true, true])
  rings.deliver([account('ProfileUpdated', 6)])
  expect([given(0), ring.knowsPeople, ring.changedAt, rings.bytes]).toEqual([undefined, false, position(6), 0])
  folded(6)
  expect(ring.knowsPeople).toBe(true)
})

test('BOUND: a ring holds so many bytes, and the node; what was used last stays', () => {
  const padding = 'x'.repeat(10_000)
  const { rings, ring, keep, given } = world({ ringBytes: 55_000, nodeBytes: 80_000 })
  for (let page = 0; page < 5; page++) keep(page * 250, page * 250, { padding })
  expect(given(0)).toBeDefined()
  keep(1_250, 1_250, { padding })
  expect([given(0), given(250), given(1_250)].map((text) => text !== undefined)).toEqual([true, false, true])
  const other = new Ring(rings, { lasting: true })
  for (let page = 0; page < 5; page++) keep(page * 250, page * 250, { padding, of: other })
  expect(rings.bytes).toBeLessThanOrEqual(80_000)
  expect(given(1_000, other)).toBeDefined()
  other.close()
  ring.close()
  expect(rings.bytes).toBe(0)
})

test('BOUND: what is kept holds no memory but its own', async () => {
  const { ring, keep } = world()
  keep(0, 0)
  keep(1, 1, { live: true })
  keep(9, 9)
  await ring.shell('here', async () => made([]))
  const shell = await ring.shell('here', async () => made([]))
  const kept = [0, 9].flatMap((revision) => ring.from(revision)).map(({ bytes }) => bytes)
  const all = [...kept, ...(shell ? [shell.head, shell.tail] : [])]
  expect(all.map(({ buffer }) => buffer.byteLength)).toEqual(all.map(({ byteLength }) => byteLength))
  expect(all.map((bytes) => Buffer.from(bytes).toString())).toEqual(['[0],[1]', '[9]', '<', '>'])
})

test('what passes with more than that is not kept at all', () => {
  const { keep, given, rings } = world({ lasting: false })
  keep(0, 3)
  expect([given(0), rings.bytes]).toEqual([undefined, 0])
})
