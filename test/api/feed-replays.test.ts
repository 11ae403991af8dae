// Many who come back at once: what they missed is read and executed once for all of them, or not at all where it was sent just now,
// and is shown as it is now.

import { rm } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { executionsOf, resolutionsOf } from '../support/executions.ts'
import { followOverSocket, type SeenEvent, type SeenFrame } from '../support/feedReader.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, startOpenServer } from '../support/openServer.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { appendMessages } from '../support/roomLog.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

const fields =
  '... on MessageSent { message { text author { displayName } } } ... on MessageEdited { message { text } }'

interface Told extends SeenEvent {
  readonly message?: { readonly text: string | null; readonly author?: { readonly displayName: string } } | null
}

interface Following {
  readonly frames: SeenFrame[]
  readonly events: () => readonly Told[]
  drop(): void
}

function follow(client: ApiClient, conversationId: string, after: string | undefined): Following {
  const frames: SeenFrame[] = []
  const { graphql, token } = client
  const connection = followOverSocket(
    { graphql, token, conversationId, after, fields },
    (frame) => void frames.push(frame),
  )
  // The document asks for more of some of them.
  return {
    frames,
    events: () => frames.flatMap(({ events }) => events) as readonly Told[],
    drop: () => connection.drop(),
  }
}

const revisionsOf = (following: Following) => following.events().map(({ revision }) => revision)
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
const reached = (followings: readonly Following[], last: number) =>
  vi.waitFor(() => expect(followings.filter((one) => one.events().at(-1)?.revision !== last)).toHaveLength(0), {
    timeout: 20_000,
    interval: 10,
  })

interface Scene {
  readonly server: OpenServer
  readonly room: string
  readonly readers: readonly ApiClient[]
  /** Before the messages. */
  readonly cursor: string
  /** Revision of the last of them. */
  readonly last: number
}

/** A room with so many messages, which a server has not read since it was started. */
async function inScene(messages: number, act: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await newFolder()
  try {
    const before = await startTestServer({ folder })
    const ada = await registered(before.graphql, 'ada')
    const { id: room } = await createRoom(ada, 'Tea')
    const people = [ada, ...(await Promise.all(Array.from({ length: 4 }, () => guest(before.graphql))))]
    for (const person of people.slice(1)) await join(person, room)
    const shown = await vi.waitFor(async () => {
      const found = await ada.query('query ($id: ID) { room(id: $id) { feedCursor revision memberCount } }', {
        id: room,
      })
      expect(found.room.memberCount).toBe(people.length)
      return found.room
    })
    await before[Symbol.asyncDispose]()
    const texts = Array.from({ length: messages }, (_, index) => `tea ${index}`)
    await appendMessages(folder, { roomId: room, actor: ada.userId, from: 1, texts })
    await using server = await startOpenServer({ folder })
    const readers = people.map(({ token }) => new ApiClient(server.graphql, token))
    await act({ server, room, readers, cursor: shown.feedCursor, last: shown.revision - 1 + messages })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const readerAt = (readers: readonly ApiClient[], index: number): ApiClient => {
  const reader = readers[index % readers.length]
  if (!reader) throw new Error('Nobody is there.')
  return reader
}

test('RESUME: 200 who come back to the same place share few reads and few executions', { timeout: 60_000 }, () =>
  inScene(1_000, async ({ server, room, readers, cursor, last }) => {
    const reads = vi.spyOn(server.store, 'readStream')
    let followings: readonly Following[] = []
    let messages = 0
    const frames = await executionsOf('ConversationFeedPayload', async () => {
      messages = await resolutionsOf('MessageSent', 'message', async () => {
        followings = Array.from({ length: 200 }, (_, index) => follow(readerAt(readers, index), room, cursor))
        await reached(followings, last)
      })
    })
    const ofTheRoom = reads.mock.calls.filter(([stream]) => stream === `room-${room.slice('room_'.length)}`)
    console.log(`${frames} executions, of them with ${messages} messages; ${ofTheRoom.length} reads`)
    const pages = 1_000 / 250 + 1
    // A frame without events for each of them, and one more to see that there are such.
    expect(frames).toBeLessThanOrEqual(2 * pages + 3)
    expect(messages).toBeLessThanOrEqual(1_000 + 250)
    // And what the cursor names, and the state of the room.
    expect(ofTheRoom.length).toBeLessThanOrEqual(pages + 3)
    for (const following of followings) {
      expect(revisionsOf(following)).toEqual(upTo(last - 999, last))
      expect(following.frames.map(({ caughtUp }) => caughtUp)).toEqual([
        ...Array.from({ length: following.frames.length - 1 }, () => false),
        true,
      ])
      following.drop()
    }
  }),
)

const seed = chosenSeed()

test(`RESUME: each goes on from their own place while more is said (SEED=${seed})`, { timeout: 60_000 }, () =>
  inScene(1_200, async ({ server, room, readers, cursor, last }) => {
    const random = new Random(seed)
    const whole = follow(readerAt(readers, 0), room, cursor)
    await reached([whole], last)
    const cursors = whole.events()
    const pages = vi.spyOn(server.store, 'readStream')
    const said = 60
    let sending = Promise.resolve()
    for (let number = 0; number < said; number++)
      sending = sending.then(async () => void (await send(readerAt(readers, 0), room, `more ${number}`)))
    const places: (Told | undefined)[] = []
    const followings: Following[] = []
    const messages = await resolutionsOf('MessageSent', 'message', async () => {
      for (let number = 0; number < 150; number++) {
        const place = random.pick(cursors)
        places.push(place)
        followings.push(follow(readerAt(readers, number), room, place.cursor))
        if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
      }
      await sending
      await reached([...followings, whole], last + said)
    })
    for (const [index, following] of followings.entries()) {
      expect(revisionsOf(following), `place ${index}`).toEqual(upTo((places[index]?.revision ?? 0) + 1, last + said))
      following.drop()
    }
    console.log(`${messages} messages executed for ${followings.length} readers; ${pages.mock.calls.length} reads`)
    // All of it is kept from the first replay on; of the rest some may be executed for those who come between two frames.
    expect(messages).toBeLessThanOrEqual(1_200 + 4 * said)
    whole.drop()
  }),
)

test(
  'RESUME: what was sent just now is there for those who come back: nothing is read, and nothing executed',
  { timeout: 30_000 },
  () =>
    inScene(10, async ({ server, room, readers, cursor, last }) => {
      const all = readers.map((reader) => follow(reader, room, undefined))
      await vi.waitFor(() => expect(all.filter(({ frames }) => frames.length === 0)).toHaveLength(0))
      const said = 30
      for (let number = 0; number < said; number++)
        await send(readerAt(readers, 0), room, `now ${number}, žluťoučký 🫖`)
      await reached(all, last + said)
      const from = all[0]?.events().at(4)
      for (const one of all) one.drop()
      const reads = vi.spyOn(server.store, 'readStream')
      let again: readonly Following[] = []
      const messages = await resolutionsOf('MessageSent', 'message', async () => {
        again = readers.map((reader) => follow(reader, room, from?.cursor))
        await reached(again, last + said)
      })
      expect([messages, reads.mock.calls.length]).toEqual([0, 0])
      for (const one of again) {
        expect(one.events()).toEqual(all[0]?.events().slice(5))
        one.drop()
      }
      // What lies before is read, and goes together with it.
      const older = follow(readerAt(readers, 0), room, cursor)
      await reached([older], last + said)
      expect(revisionsOf(older)).toEqual(upTo(last - 9, last + said))
      older.drop()
    }),
)

test(
  'SAME ERASE: what is kept goes when a message in it is edited or deleted, or a person in it changes',
  { timeout: 30_000 },
  () =>
    inScene(0, async ({ room, readers, cursor }) => {
      const ada = readerAt(readers, 0)
      const live = follow(ada, room, undefined)
      await vi.waitFor(() => expect(live.frames).not.toHaveLength(0))
      const sent = []
      for (const text of ['one', 'two', 'secret', 'four']) sent.push((await send(ada, room, text)).message.id)
      await vi.waitFor(() => expect(live.events()).toHaveLength(4))
      const shown = async () => {
        const again = follow(ada, room, cursor)
        await vi.waitFor(() => expect(again.frames.at(-1)?.caughtUp).toBe(true))
        again.drop()
        return again.events().map(({ message }) => message?.text ?? null)
      }
      expect(await shown()).toEqual(['one', 'two', 'secret', 'four'])
      await mutate(ada, 'editMessage', { messageId: sent[1], text: 'second' })
      await vi.waitFor(() => expect(live.events()).toHaveLength(5))
      expect(await shown()).toEqual(['one', 'second', 'secret', 'four', 'second'])
      await mutate(ada, 'deleteMessage', { messageId: sent[2] })
      await vi.waitFor(() => expect(live.events()).toHaveLength(6))
      expect(await shown()).toEqual(['one', 'second', null, 'four', 'second', null])
      await mutate(ada, 'updateProfile', { displayName: 'The Countess' })
      await vi.waitFor(async () => {
        const again = follow(ada, room, cursor)
        await vi.waitFor(() => expect(again.frames.at(-1)?.caughtUp).toBe(true))
        again.drop()
        const names = again.events().flatMap(({ message }) => message?.author?.displayName ?? [])
        expect(new Set(names)).toEqual(new Set(['The Countess']))
      })
      live.drop()
    }),
)

test(
  'BOUND: who reads slowly is served what was made for the others, once there is room again',
  { timeout: 60_000 },
  () =>
    inScene(0, async ({ server, room, readers, last }) => {
      const said = 900
      const [ada, bob] = [readerAt(readers, 0), readerAt(readers, 1)]
      const quick = follow(ada, room, undefined)
      const slow: number[] = []
      const { graphql } = server
      const begun = Promise.withResolvers<void>()
      const connection = followOverSocket({ graphql, token: bob.token, conversationId: room, fields }, ({ events }) => {
        begun.resolve()
        const first = slow.length === 0 && events.length > 0
        for (const { revision } of events) slow.push(revision)
        if (first) connection.pause()
      })
      await vi.waitFor(() => expect(quick.frames).not.toHaveLength(0))
      await begun.promise
      const text = 'slow '.repeat(1_400)
      const executed = await resolutionsOf('MessageSent', 'message', async () => {
        for (let number = 0; number < said; number += 30)
          await Promise.all(Array.from({ length: 30 }, () => send(ada, room, text)))
        await reached([quick], last + said)
        expect(slow.length).toBeLessThan(said / 2)
        connection.resume()
        await vi.waitFor(() => expect(slow.at(-1)).toBe(last + said), { timeout: 20_000 })
      })
      expect(slow).toEqual(upTo(last + 1, last + said))
      console.log(`${executed} messages executed for one who reads at once and one who does not`)
      // What came while the one frame was on its way may be executed for the slow one.
      expect(executed).toBeLessThanOrEqual(said + 250)
      connection.drop()
      quick.drop()
    }),
)
