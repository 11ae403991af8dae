// A disk that fills up under a running server.

import { execFileSync, spawnSync } from 'node:child_process'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ApiClient, createRoom, registered } from '../support/client.ts'
import { documentOf } from '../support/commandDocuments.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../support/testServer.ts'

const mount = (target: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', target]).status === 0

const mayMount = await (async () => {
  const target = await newFolder()
  const mounted = mount(target)
  if (mounted) execFileSync('umount', [target])
  await rm(target, { recursive: true })
  return mounted
})()

/** Sends long messages, eight at a time, until none gets through. Gives the texts that were acknowledged. */
async function fill(client: ApiClient, roomId: string): Promise<{ acknowledged: string[]; codes: Set<string> }> {
  const acknowledged: string[] = []
  const codes = new Set<string>()
  const sendOn = async (sender: number): Promise<void> => {
    for (let count = 0; count < 2_000; count++) {
      const text = `${sender}-${count} ${'x'.repeat(6_000)}`
      const answer = await client.command(documentOf('sendMessage'), { input: { conversationId: roomId, text } })
      if (answer.position === undefined) {
        codes.add(answer.code)
        return
      }
      acknowledged.push(text)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, sender) => sendOn(sender)))
  return { acknowledged, codes }
}

const readiness = async ({ url }: ServerProcess) => {
  const response = await fetch(`${url}/readyz?verbose`)
  return { status: response.status, body: await response.text() }
}

const texts = async (client: ApiClient, roomId: string) => (await shownMessages(client, roomId)).map(({ text }) => text)

test.skipIf(!mayMount)(
  'STOP ACK: on a full disk (a tmpfs; needs the right to mount) commands are refused, it says so, reads go on, and a restart recovers',
  { timeout: 120_000 },
  async () => {
    const folder = await newFolder()
    expect(mount(folder)).toBe(true)
    const filler = join(folder, 'filler')
    let server = await startServerProcess({ folder })
    try {
      const ada = await registered(server.graphql, 'ada')
      const { id: roomId } = await createRoom(ada, 'Tea')
      expect(await readiness(server)).toMatchObject({ status: 200 })
      const { bavail, bsize } = await statfs(folder)
      await writeFile(filler, Buffer.alloc(bavail * bsize - 2 * 1024 * 1024))

      const { acknowledged, codes } = await fill(ada, roomId)
      expect([...codes]).toEqual(['UNAVAILABLE'])
      expect(acknowledged.length).toBeGreaterThan(8)
      const full = await readiness(server)
      expect(full.status).toBe(503)
      expect(full.body).toMatch(/full/)
      expect(server.child.exitCode).toBeNull()

      const { room } = await ada.query(
        'query ($id: ID) { room(id: $id) { name messages(first: 1) { nodes { number } } } }',
        {
          id: roomId,
        },
      )
      expect(room).toEqual({ name: 'Tea', messages: { nodes: [{ number: 1 }] } })
      await rm(filler)
      // There is space again, but only a restart can know what is in the file.
      expect((await fill(ada, roomId)).acknowledged).toEqual([])
      expect((await readiness(server)).status).toBe(503)

      expect(await server.stop(), server.log()).toBe(0)
      server = await startServerProcess({ folder })
      expect(await readiness(server)).toMatchObject({ status: 200 })
      const after = new ApiClient(server.graphql, ada.token)
      const there = await texts(after, roomId)
      expect(acknowledged.filter((text) => !there.includes(text))).toEqual([])
      expect(new Set(there).size).toBe(there.length)
      const sent = await after.command(documentOf('sendMessage'), { input: { conversationId: roomId, text: 'again' } })
      expect(sent).toMatchObject({ message: { number: there.length + 1 } })
    } finally {
      await server[Symbol.asyncDispose]()
      execFileSync('umount', [folder])
      await rm(folder, { recursive: true, force: true })
    }
  },
)
