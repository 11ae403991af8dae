// Readers of all conversations that stop reading while there is much to say in several of them.

import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { ApiClient, createRoom, type Data, registered } from '../support/client.ts'
import { followPausably } from '../support/pausableSocket.ts'
import { appendToRooms } from '../support/roomLog.ts'
import { newFolder, startServerProcess, startTestServer, storesInFolder } from '../support/testServer.ts'

/** As many as a feed goes on over; fewer where each of them goes over the network to two stores. */
const messages = storesInFolder() ? 10_000 : 5_000
const roomCount = 5
const inEach = messages / roomCount
const live = 1_000
const slowReaders = 4
const textLength = 4_800
/** What they do not read is 4 × 53 MB, of which the machine itself may hold 4 × 10 MB in the buffers of its sockets. The rings may keep 40 MB. */
const boundMB = 90

const residentMB = (pid: number | undefined): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1_024

const feed = `subscription ($after: FeedCursor) { inboxFeed(after: $after) { reset { reason }
  events { cursor ... on MessageSent { revision conversation { id } message { text } } } } }`

/** Some in each request, to all rooms by turns. */
async function say(client: ApiClient, rooms: readonly string[], count: number): Promise<void> {
  const each = 20
  const inputs = Array.from({ length: each }, (_, index) => ({
    conversationId: rooms[index % rooms.length],
    text: 'x'.repeat(textLength),
  }))
  const parameters = inputs.map((_, index) => `$i${index}: SendMessageInput!`).join(', ')
  const fields = inputs.map((_, index) => `m${index}: sendMessage(input: $i${index}) { __typename }`).join(' ')
  for (let said = 0; said < count; said += each) {
    const keyed = inputs.map((input, index) => [`i${index}`, { ...input, clientMessageId: `${said + index}` }])
    const send = () => client.query(`mutation (${parameters}) { ${fields} }`, Object.fromEntries(keyed))
    const isSent = ({ __typename }: Data) => __typename === 'SendMessagePayload'
    // A busy machine may ask to be asked again.
    await vi.waitFor(async () => expect(Object.values(await send()).every(isSent)).toBe(true), { timeout: 60_000 })
  }
}

test.skipIf(process.platform === 'win32')(
  `BOUND RESUME: ${slowReaders} readers of an inbox that stop reading ${messages} messages cost no memory, and get each once when they go on`,
  { timeout: 240_000 },
  async () => {
    const folder = await newFolder()
    try {
      const first = await startTestServer({ folder })
      const ada = await registered(first.graphql, 'ada')
      const rooms: string[] = []
      for (let index = 0; index < roomCount; index++) rooms.push((await createRoom(ada, `Room ${index}`)).id)
      const { viewer } = await ada.query('{ viewer { feedCursor } }')
      await first[Symbol.asyncDispose]()
      const texts = Array.from({ length: inEach }, (_, index) => `${index} `.padEnd(textLength, 'tea '))
      await appendToRooms(folder, { rooms, actor: ada.userId, from: 1, texts })

      await using server = await startServerProcess({ folder })
      const client = new ApiClient(server.graphql, ada.token)
      const follow = ({ pausing }: { readonly pausing: boolean }) => {
        const seen: { readonly room: string; readonly revision: number }[] = []
        const resets: unknown[] = []
        let paused = false
        const connection = followPausably(client, feed, { after: viewer.feedCursor }, ({ events, reset }) => {
          if (reset) resets.push(reset)
          for (const { conversation, revision } of events as Data[]) seen.push({ room: conversation.id, revision })
          if (pausing && !paused) connection.pause()
          paused = true
        })
        return { seen, resets, connection }
      }
      const revisionsOf = (seen: readonly { room: string; revision: number }[], room: string) =>
        seen.filter((one) => one.room === room).map(({ revision }) => revision)
      // What the server keeps for everybody, and its heap takes for reading, is there once somebody has read it all a few times.
      for (let times = 0; times < 3; times++) {
        const early = follow({ pausing: false })
        await vi.waitFor(() => expect(early.seen).toHaveLength(messages), { timeout: 60_000, interval: 20 })
        early.connection.drop()
      }
      const quick = follow({ pausing: false })
      await vi.waitFor(() => expect(quick.seen).toHaveLength(messages), { timeout: 60_000, interval: 20 })
      const before = residentMB(server.child.pid)
      const slow = Array.from({ length: slowReaders }, () => follow({ pausing: true }))
      await vi.waitFor(() => expect(slow.every(({ seen }) => seen.length > 0)).toBe(true), { timeout: 30_000 })
      await say(client, rooms, live)
      // Whoever reads does not notice.
      await vi.waitFor(() => expect(quick.seen).toHaveLength(messages + live), { timeout: 30_000, interval: 5 })
      await sleep(1_000)
      const grown = residentMB(server.child.pid) - before
      expect(slow.every(({ seen }) => seen.length < messages)).toBe(true)
      console.log(`${grown.toFixed(1)} MB more for ${slowReaders} readers of an inbox that do not read`)
      expect(grown).toBeLessThan(boundMB)

      for (const { connection } of slow) connection.resume()
      const expected = Array.from({ length: inEach + live / roomCount }, (_, index) => index + 2)
      for (const { seen, resets } of [quick, ...slow]) {
        await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(messages + live), {
          timeout: 60_000,
          interval: 20,
        })
        for (const room of rooms) expect(revisionsOf(seen, room)).toEqual(expected)
        expect(resets).toEqual([])
      }
      for (const { connection } of [quick, ...slow]) connection.drop()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)
