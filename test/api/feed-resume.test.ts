// Feeds that are broken off at any moment and go on from where they were.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import {
  type FeedConnection,
  followOverEventStream,
  followOverSocket,
  type SeenEvent,
  type SeenFrame,
} from '../support/feedReader.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../support/testServer.ts'

/** The whole log of a room, as `events` pages through it. */
async function wholeLog(client: ApiClient, roomId: string): Promise<readonly SeenEvent[]> {
  const found: SeenEvent[] = []
  let after: string | null = null
  for (;;) {
    const { room }: { room: { events: SeenFrame } } = await client.query(
      'query ($id: ID, $after: FeedCursor) { room(id: $id) { events(first: 100, after: $after) { caughtUp cursor reset { reason } events { __typename revision cursor } } } }',
      { id: roomId, after },
    )
    found.push(...room.events.events)
    if (room.events.caughtUp) return found
    after = room.events.cursor
  }
}

/** Follows for as long as it is let, over both transports by turns. */
class Reader {
  readonly seen: SeenEvent[] = []
  readonly resets: string[] = []
  connections = 0
  readonly #where: () => { graphql: string }
  readonly #options: { readonly token: string | undefined; readonly conversationId: string; readonly random: Random }
  #after: string
  #connection: FeedConnection | undefined
  #stopped = false

  constructor(
    where: () => { graphql: string },
    options: { token: string | undefined; conversationId: string; random: Random; after: string },
  ) {
    this.#where = where
    this.#options = options
    this.#after = options.after
  }

  drop(): void {
    this.#connection?.drop()
  }

  stop(): void {
    this.#stopped = true
    this.drop()
  }

  async run(): Promise<void> {
    const { token, conversationId, random } = this.#options
    while (!this.#stopped) {
      this.connections++
      let caughtUp = false
      const follow = random.chance(0.5) ? followOverSocket : followOverEventStream
      this.#connection = follow(
        { graphql: this.#where().graphql, token, conversationId, after: this.#after },
        (frame) => {
          // The end of the replay is said once.
          if (caughtUp && !frame.caughtUp && frame.events.length < 250) this.resets.push('caughtUp went back')
          caughtUp ||= frame.caughtUp
          if (frame.reset) this.resets.push(frame.reset.reason)
          this.seen.push(...frame.events)
          const last = frame.events.at(-1)
          expect(last === undefined || last.cursor === frame.cursor).toBe(true)
          // Of an event or of a frame: both say where the reader stands.
          this.#after = last && random.chance(0.5) ? last.cursor : frame.cursor
        },
      )
      const { errors } = await this.#connection.ended
      if (errors.length > 0 && !errors.includes('UNAVAILABLE')) this.resets.push(...errors)
      await sleep(random.between(0, 150))
    }
  }
}

test('RESUME ORDER: whatever breaks, each reader gets each change once, in order', { timeout: 120_000 }, async () => {
  const seed = chosenSeed()
  const random = new Random(seed)
  const folder = await newFolder()
  let server: ServerProcess = await startServerProcess({ folder })
  try {
    const ada = await registered(server.graphql, 'ada')
    const bob = await guest(server.graphql, 'Bob')
    const { id: roomId } = await createRoom(ada, 'Tea')
    await join(bob, roomId)
    const [firstEvent] = await wholeLog(ada, roomId)
    const readers: Reader[] = []
    const running: Promise<void>[] = []
    const enter = (after: string): void => {
      const token = random.pick([ada, bob]).token
      const reader = new Reader(() => server, { token, conversationId: roomId, random: random.fork(), after })
      readers.push(reader)
      running.push(reader.run())
    }
    const begin = firstEvent?.cursor ?? ''
    for (let index = 0; index < 4; index++) enter(begin)

    const stopping = new AbortController()
    let written = 0
    const write = async (token: string | undefined, name: string): Promise<void> => {
      for (let count = 0; !stopping.signal.aborted; count++) {
        const sent = send(new ApiClient(server.graphql, token), roomId, `${name} ${count}`)
        await sent.then(
          () => written++,
          () => sleep(50),
        )
      }
    }
    const writing = [write(ada.token, 'ada'), write(bob.token, 'bob'), write(bob.token, 'again bob')]
    for (let fault = 0; fault < 12; fault++) {
      const enough = written + random.between(5, 30)
      while (written < enough) await sleep(10)
      if (fault === 4 || fault === 8) {
        await (fault === 4 ? server.kill() : server.stop())
        server = await startServerProcess({ folder })
        // One who comes late.
        enter(begin)
      }
      for (const reader of readers) if (random.chance(0.5)) reader.drop()
    }
    stopping.abort()
    await Promise.all(writing)
    const log = await wholeLog(new ApiClient(server.graphql, ada.token), roomId)
    const last = log.at(-1)?.revision
    await vi.waitFor(
      () => {
        for (const reader of readers) expect(reader.seen.at(-1)?.revision).toBe(last)
      },
      { timeout: 20_000, interval: 50 },
    )
    for (const reader of readers) reader.stop()
    await Promise.all(running)
    const expected = log.slice(1).map(({ __typename, revision, cursor }) => ({ __typename, revision, cursor }))
    expect(expected.map(({ revision }) => revision)).toEqual(expected.map((_, index) => index + 1))
    for (const reader of readers) {
      expect(reader.seen, `seed ${seed}`).toEqual(expected)
      expect(reader.resets).toEqual([])
    }
    console.log(
      `seed ${seed}: ${log.length} events, ${readers.length} readers, ${readers.map(({ connections }) => connections).join(' + ')} connections`,
    )
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})
