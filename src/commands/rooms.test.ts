// Commands over two streams, stopped at every step in between.

import { expect, test } from 'vitest'
import { ada, as, bob } from '../../test/fixtures/people.ts'
import { Died } from '../../test/support/faultyStore.ts'
import { Node } from '../../test/support/node.ts'
import { slugStream } from '../domain/streams.ts'
import { reservations } from './aggregate.ts'
import { newUuid } from './occasion.ts'
import { RoomCommands } from './rooms.ts'

const by = (user = ada) => ({ actor: as(user), requester: { user, correlationId: newUuid() } })
const api = (node: Node) => new RoomCommands(node.commands)
const garden = {
  name: 'Garden',
  slug: 'garden',
  idempotencyKey: 'key-1',
  visibility: 'PUBLIC',
  historyVisibility: 'ALL',
} as const

const ownerOf = async (node: Node, slug: string) => {
  const { state } = await node.commands.load(reservations, slugStream(slug))
  return state.status === 'claimed' ? state.owner : undefined
}

test.each([0, 1])('a room whose making was killed before append %i is made by a retry', async (step) => {
  await using node = await Node.open()
  node.store.faults = [...Array.from({ length: step }, () => 'none' as const), 'dead']
  await expect(api(node).create(by(), garden)).rejects.toThrow(Died)
  node.restart()
  const made = await api(node).create(by(), garden)
  expect(made).toMatchObject({ kind: 'done', events: [{ type: 'RoomCreated' }, { type: 'UserJoined' }] })
  expect(await api(node).create(by(), garden)).toMatchObject({ kind: 'done', events: [] })
  expect(made.kind === 'done' && made.roomId).toBe(await ownerOf(node, 'garden'))
})

test('a claim without a room holds for 60 s, then it may be taken over, and the slow one is told', async () => {
  await using node = await Node.open()
  let takenOver: unknown
  node.store.faults = [
    'none',
    // Between its two appends the first one is so slow that somebody else takes the slug over.
    async () => {
      node.clock.time += 59_999
      expect(await api(node).create(by(bob), { ...garden, name: 'Theirs' })).toMatchObject({
        code: 'CONFLICT',
        field: 'slug',
      })
      node.clock.time += 1
      takenOver = await api(node).create(by(bob), { ...garden, name: 'Theirs' })
    },
  ]
  const slow = await api(node).create(by(), garden)
  expect(takenOver).toMatchObject({ kind: 'done' })
  expect(slow).toMatchObject({ kind: 'refused', code: 'CONFLICT', field: 'slug' })
  // It is told the same when it asks again.
  expect(await api(node).create(by(), garden)).toMatchObject({ kind: 'refused', code: 'CONFLICT', field: 'slug' })
})

test('a slug whose room is there is never taken over', async () => {
  await using node = await Node.open()
  await api(node).create(by(), garden)
  node.clock.time += 86_400_000
  expect(await api(node).create(by(bob), garden)).toMatchObject({ code: 'CONFLICT', field: 'slug' })
})

test.each([0, 1, 2])('a change of slug that was killed before append %i is made by a retry', async (step) => {
  await using node = await Node.open()
  const made = await api(node).create(by(), garden)
  if (made.kind !== 'done') throw new Error(made.detail)
  const change = { roomId: made.roomId, slug: 'park' }
  node.store.faults = [...Array.from({ length: step }, () => 'none' as const), 'dead']
  await expect(api(node).update(by(), change)).rejects.toThrow(Died)
  node.restart()
  expect(await api(node).update(by(), change)).toMatchObject({ kind: 'done', state: { slug: 'park' } })
  expect(await ownerOf(node, 'park')).toBe(made.roomId)
})

test('a changed slug leads to the room, and the old one is free', async () => {
  await using node = await Node.open()
  const made = await api(node).create(by(), garden)
  if (made.kind !== 'done') throw new Error(made.detail)
  await api(node).update(by(), { roomId: made.roomId, slug: 'park' })
  expect([await ownerOf(node, 'garden'), await ownerOf(node, 'park')]).toEqual([undefined, made.roomId])
  expect(await api(node).create(by(bob), garden)).toMatchObject({ kind: 'done' })
  expect(await api(node).update(by(), { roomId: made.roomId, slug: 'garden' })).toMatchObject({ code: 'CONFLICT' })
  expect(await ownerOf(node, 'park')).toBe(made.roomId)
})

test('who may not change the slug claims none', async () => {
  await using node = await Node.open()
  const made = await api(node).create(by(), garden)
  if (made.kind !== 'done') throw new Error(made.detail)
  expect(await api(node).update(by(bob), { roomId: made.roomId, slug: 'park' })).toMatchObject({ code: 'FORBIDDEN' })
  expect(await api(node).create({ ...by(bob), actor: as(bob, 'GUEST') }, garden)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await ownerOf(node, 'park')).toBeUndefined()
})

test('a change of slug whose outcome is unknown keeps both, since it may have happened', async () => {
  await using node = await Node.open()
  const made = await api(node).create(by(), garden)
  if (made.kind !== 'done') throw new Error(made.detail)
  node.store.faults = ['none', 'unanswered', 'unavailable']
  expect(await api(node).update(by(), { roomId: made.roomId, slug: 'park' })).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await ownerOf(node, 'park')).toBe(made.roomId)
})

test('a refused change does not free the slug that the room has', async () => {
  await using node = await Node.open()
  const made = await api(node).create(by(), garden)
  if (made.kind !== 'done') throw new Error(made.detail)
  const { roomId } = made
  let change: ReturnType<RoomCommands['update']> | undefined
  node.store.faults = [
    // While the archiving is being stored, a change sets out that finds the room archived when its turn comes.
    async () => {
      change = api(node).update(by(), { roomId, slug: 'garden', name: 'Park' })
      await new Promise((resolve) => setTimeout(resolve, 50))
    },
  ]
  expect(await api(node).archive(by(), roomId)).toMatchObject({ kind: 'done' })
  expect(await change).toMatchObject({ code: 'ARCHIVED' })
  expect(await ownerOf(node, 'garden')).toBe(roomId)
})

// ── private and public ──

const cellar = { ...garden, slug: undefined, visibility: 'PRIVATE' } as const

async function madeWith(node: Node, input: Parameters<RoomCommands['create']>[1]) {
  const made = await api(node).create(by(), input)
  if (made.kind !== 'done') throw new Error(made.detail)
  return made.roomId
}

test('a private room claims no slug', async () => {
  await using node = await Node.open()
  await madeWith(node, cellar)
  expect(node.store.appends.map(({ stream }) => stream.split('-')[0])).toEqual(['room'])
})

test('a room that becomes private gives its slug back, and a repeat of its making finds it', async () => {
  await using node = await Node.open()
  const roomId = await madeWith(node, garden)
  const closing = { roomId, visibility: 'PRIVATE' } as const
  expect(await api(node).update(by(), closing)).toMatchObject({ kind: 'done', state: { visibility: 'PRIVATE' } })
  expect(await ownerOf(node, 'garden')).toBeUndefined()
  expect(await api(node).update(by(), closing)).toMatchObject({ kind: 'done', events: [] })
  expect(await api(node).create(by(bob), { ...garden, name: 'Theirs' })).toMatchObject({ kind: 'done' })
  expect(await api(node).create(by(), garden)).toMatchObject({ kind: 'done', events: [], roomId })
})

test.each([0, 1])('a room whose closing was killed before append %i is closed by a retry', async (step) => {
  await using node = await Node.open()
  const roomId = await madeWith(node, garden)
  const closing = { roomId, visibility: 'PRIVATE' } as const
  node.store.faults = [...Array.from({ length: step }, () => 'none' as const), 'dead']
  await expect(api(node).update(by(), closing)).rejects.toThrow(Died)
  node.restart()
  const closed = await api(node).update(by(), closing)
  expect(closed).toMatchObject({ kind: 'done', state: { visibility: 'PRIVATE' } })
  expect(closed.kind === 'done' && 'slug' in closed.state && closed.state.slug).toBeUndefined()
  // What the killed one had not freed any more can be taken over, at the latest a minute after it was claimed.
  const theirs = { ...garden, name: 'Theirs', idempotencyKey: 'key-2' }
  if (step === 1) {
    node.clock.time += 59_999
    expect(await api(node).create(by(bob), theirs)).toMatchObject({ code: 'CONFLICT', field: 'slug' })
    node.clock.time += 1
  }
  const taken = await api(node).create(by(bob), theirs)
  expect(taken).toMatchObject({ kind: 'done', state: { slug: 'garden' } })
  expect(await ownerOf(node, 'garden')).toBe(taken.kind === 'done' && taken.roomId)
  // The room that had it does not free it for the new one.
  expect(await api(node).update(by(), closing)).toMatchObject({ kind: 'done', events: [] })
  expect(await ownerOf(node, 'garden')).toBe(taken.kind === 'done' && taken.roomId)
})

test.each([0, 1])('a room whose opening was killed before append %i is opened by a retry', async (step) => {
  await using node = await Node.open()
  const roomId = await madeWith(node, cellar)
  node.store.faults = [...Array.from({ length: step }, () => 'none' as const), 'dead']
  await expect(api(node).update(by(), { roomId, visibility: 'PUBLIC' })).rejects.toThrow(Died)
  node.restart()
  expect(await api(node).update(by(), { roomId, visibility: 'PUBLIC' })).toMatchObject({
    kind: 'done',
    state: { visibility: 'PUBLIC', slug: 'garden' },
  })
  expect(await ownerOf(node, 'garden')).toBe(roomId)
})

test('the slug of an opening that was killed may be taken over after a minute, and the room is told when it opens', async () => {
  await using node = await Node.open()
  const roomId = await madeWith(node, cellar)
  node.store.faults = ['none', 'dead']
  await expect(api(node).update(by(), { roomId, visibility: 'PUBLIC' })).rejects.toThrow(Died)
  node.restart()
  node.clock.time += 60_000
  expect(await api(node).create(by(bob), { ...garden, name: 'Theirs' })).toMatchObject({ kind: 'done' })
  expect(await api(node).update(by(), { roomId, visibility: 'PUBLIC' })).toMatchObject({
    code: 'CONFLICT',
    field: 'slug',
  })
  expect(await api(node).update(by(), { roomId, visibility: 'PUBLIC', slug: 'park' })).toMatchObject({
    kind: 'done',
    state: { slug: 'park' },
  })
})

test('a room that is opened while its closing frees the slug keeps it', async () => {
  await using node = await Node.open()
  const roomId = await madeWith(node, garden)
  let opened: ReturnType<RoomCommands['update']> | undefined
  node.store.faults = [
    'none',
    async () => {
      opened = api(node).update(by(), { roomId, visibility: 'PUBLIC' })
      await new Promise((resolve) => setTimeout(resolve, 50))
    },
  ]
  expect(await api(node).update(by(), { roomId, visibility: 'PRIVATE' })).toMatchObject({ kind: 'done' })
  expect(await opened).toMatchObject({ kind: 'done', state: { visibility: 'PUBLIC', slug: 'garden' } })
  expect(await ownerOf(node, 'garden')).toBe(roomId)
})

test('whoever may not open a room, or opens it wrongly, claims nothing', async () => {
  await using node = await Node.open()
  const roomId = await madeWith(node, { ...cellar, historyVisibility: 'SINCE_JOINED' })
  expect(await api(node).update(by(bob), { roomId, visibility: 'PUBLIC' })).toMatchObject({ code: 'NOT_FOUND' })
  expect(await api(node).update(by(), { roomId, visibility: 'PUBLIC' })).toMatchObject({ field: 'historyVisibility' })
  expect(await api(node).update(by(), { roomId, slug: 'garden' })).toMatchObject({ code: 'BAD_INPUT', field: 'slug' })
  expect(await ownerOf(node, 'garden')).toBeUndefined()
})

test('a room of the server is made once for its slug, and never again', async () => {
  await using node = await Node.open()
  const requester = { correlationId: newUuid() }
  const made = await api(node).createByServer('General', requester)
  expect(made).toMatchObject({ kind: 'done', events: [{ type: 'RoomCreated', data: { slug: 'general' } }] })
  expect(await api(node).createByServer('General', requester)).toBeUndefined()
})
