// Backups and exports of a server on which people write.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { type ApiClient, createRoom, join as joinRoom, registered } from '../support/client.ts'
import { documentOf } from '../support/commandDocuments.ts'
import { loggedEvents } from '../support/loggedEvents.ts'
import { newFolder, startServerProcess } from '../support/testServer.ts'

const writers = 6

/** Sends until it is told to stop; keeps the ids of what was acknowledged, in the order in which it was. */
class Sending {
  readonly acknowledged: string[] = []
  readonly #done: Promise<unknown>
  #stopped = false

  constructor(clients: readonly ApiClient[], roomId: string) {
    this.#done = Promise.all(clients.map((client, writer) => this.#send(client, roomId, writer)))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #send(client: ApiClient, conversationId: string, writer: number): Promise<void> {
    for (let count = 0; !this.#stopped; count++) {
      const text = `${writer}-${count} ${'x'.repeat(400)}`
      const { message, detail } = await client.command(documentOf('sendMessage'), { input: { conversationId, text } })
      if (message === undefined) throw new Error(`It was not sent: ${detail}`)
      this.acknowledged.push(message.id)
    }
  }
}

const idsIn = async (data: string): Promise<readonly string[]> => (await loggedEvents(data)).map(({ id }) => id)
const rawId = (messageId: string): string => messageId.replace('message_', '')

test('ACK ORDER: what was acknowledged before a backup or an export begins is in it, in the same order, and nothing stops meanwhile', {
  timeout: 120_000,
}, async () => {
  const folder = await newFolder()
  const data = join(folder, 'data')
  const server = await startServerProcess({ folder: data })
  try {
    const ada = await registered(server.graphql, 'ada')
    const { id: roomId } = await createRoom(ada, 'Tea')
    const people = await Promise.all(
      Array.from({ length: writers }, (_, index) => registered(server.graphql, `bob${index}`)),
    )
    for (const person of people) await joinRoom(person, roomId)
    const sending = new Sending(people, roomId)
    const copies: { readonly data: string; readonly acknowledged: number }[] = []
    for (const round of [1, 2]) {
      const target = join(folder, `backup-${round}`)
      await expect.poll(() => sending.acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(round * 300)
      const before = sending.acknowledged.length
      expect(await parley(['backup', 'create', target, '--data', data])).toMatchObject({ code: 0, stderr: '' })
      copies.push({ data: join(folder, `restored-${round}`), acknowledged: before })
      expect(await parley(['backup', 'restore', target, '--data', join(folder, `restored-${round}`)])).toMatchObject({
        code: 0,
      })
      const file = join(folder, `export-${round}.jsonl`)
      const beforeExport = sending.acknowledged.length
      expect(await parley(['export', file, '--data', data])).toMatchObject({ code: 0, stderr: '' })
      expect(await parley(['import', file, '--data', join(folder, `imported-${round}`)])).toMatchObject({ code: 0 })
      copies.push({ data: join(folder, `imported-${round}`), acknowledged: beforeExport })
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    }
    await sending.stop()
    expect(await server.stop(), server.log()).toBe(0)
    const all = await idsIn(data)
    for (const copy of copies) {
      const ids = await idsIn(copy.data)
      const held = new Set(ids)
      const lost = sending.acknowledged.slice(0, copy.acknowledged).filter((id) => !held.has(rawId(id)))
      expect(lost, copy.data).toEqual([])
      // Of one moment: no event is there without all before it, but for those that were replaced since.
      const order = new Map(all.map((id, index) => [id, index]))
      const places = ids.flatMap((id) => order.get(id) ?? [])
      expect(places, copy.data).toEqual(places.toSorted((left, right) => left - right))
      const last = places.at(-1) ?? -1
      expect(
        all.slice(0, last).filter((id) => !held.has(id)),
        copy.data,
      ).toEqual([])
      expect(await parley(['projections', 'verify', '--all', '--data', copy.data])).toMatchObject({ code: 0 })
    }
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})
