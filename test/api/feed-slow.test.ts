// Readers that stop reading while there is much to say.

import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { ApiClient, createRoom, registered, send } from '../support/client.ts'
import { followOverSocket } from '../support/feedReader.ts'
import { appendMessages } from '../support/roomLog.ts'
import { newFolder, startServerProcess, startTestServer, storesInFolder } from '../support/testServer.ts'

/** Fewer and longer ones where each of them goes over the network to two stores. */
const [messages, textLength] = storesInFolder() ? [20_000, 1_200] : [2_500, 6_000]
const slowReaders = 8
/** What they do not read is 8 × 26 MB, of which the machine itself may hold 8 × 10 MB in the buffers of its sockets. */
const boundMB = 75

const residentMB = (pid: number | undefined): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1_024

test.skipIf(process.platform === 'win32')(
  `BOUND RESUME: ${slowReaders} readers that stop reading ${messages} messages cost no memory, and get each once when they go on`,
  { timeout: 240_000 },
  async () => {
    const folder = await newFolder()
    try {
      const first = await startTestServer({ folder })
      const ada = await registered(first.graphql, 'ada')
      const { id: conversationId } = await createRoom(ada, 'Tea')
      const { room } = await ada.query('query ($id: ID) { room(id: $id) { feedCursor } }', { id: conversationId })
      await first[Symbol.asyncDispose]()
      const texts = Array.from({ length: messages }, (_, index) => `${index} `.padEnd(textLength, 'tea '))
      await appendMessages(folder, { roomId: conversationId, actor: ada.userId, from: 1, texts })

      await using server = await startServerProcess({ folder })
      const client = new ApiClient(server.graphql, ada.token)
      const follow = ({ pausing }: { readonly pausing: boolean }) => {
        const revisions: number[] = []
        let paused = false
        const connection = followOverSocket(
          {
            graphql: server.graphql,
            token: ada.token,
            conversationId,
            after: room.feedCursor,
            fields: '... on MessageSent { message { text } }',
          },
          ({ events }) => {
            for (const { revision } of events) revisions.push(revision)
            if (pausing && !paused) connection.pause()
            paused = true
          },
        )
        return { revisions, connection }
      }
      // What the server keeps for everybody is there once somebody has read it all.
      const quick = follow({ pausing: false })
      await vi.waitFor(() => expect(quick.revisions).toHaveLength(messages), { timeout: 40_000, interval: 20 })
      const before = residentMB(server.child.pid)

      const slow = Array.from({ length: slowReaders }, () => follow({ pausing: true }))
      await vi.waitFor(() => expect(slow.every(({ revisions }) => revisions.length > 0)).toBe(true), {
        timeout: 30_000,
      })
      for (let live = 0; live < 50; live++) await send(client, conversationId, 'x'.repeat(textLength))
      await sleep(1_000)
      const grown = residentMB(server.child.pid) - before
      // Whoever reads does not notice.
      await vi.waitFor(() => expect(quick.revisions).toHaveLength(messages + 50), { timeout: 10_000, interval: 5 })
      expect(slow.every(({ revisions }) => revisions.length < messages)).toBe(true)
      console.log(`${grown.toFixed(1)} MB more for ${slowReaders} readers that do not read`)
      expect(grown).toBeLessThan(boundMB)

      const expected = Array.from({ length: messages + 50 }, (_, index) => index + 2)
      for (const { connection } of slow) connection.resume()
      for (const { revisions } of slow) {
        await vi.waitFor(() => expect(revisions.at(-1)).toBe(messages + 51), { timeout: 60_000, interval: 20 })
        expect(revisions).toEqual(expected)
      }
      for (const { connection } of [quick, ...slow]) connection.drop()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)
