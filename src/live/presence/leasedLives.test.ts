// The lives of several nodes in one documents store.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Documents, DocumentsUnavailable } from '../../documents/port.ts'
import { openSqliteDocuments } from '../../documents/sqlite/open.ts'
import { LeasedLives, someNodeLives } from './leasedLives.ts'

const times = { beatMs: 20, deadAfterMs: 200 }
const patience = { timeout: 10_000, interval: 10 }

interface World {
  readonly documents: Documents
  /** The same store as one node reaches it: cut off by `away`. */
  seen(): { readonly documents: Pick<Documents, 'record' | 'records' | 'write'>; away: boolean }
}

async function world(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-lives-'))
  const documents = await openSqliteDocuments({ folder })
  onTestFinished(async () => {
    await documents.close()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    documents,
    seen: () => {
      const view = {
        away: false,
        documents: {
          record: (key: string) => reach().record(key),
          records: (prefix: string) => reach().records(prefix),
          write: (...change: Parameters<Documents['write']>) => reach().write(...change),
        },
      }
      const reach = (): Documents => {
        if (view.away) throw new DocumentsUnavailable('It is away.')
        return documents
      }
      return view
    },
  }
}

async function begin(documents: Pick<Documents, 'record' | 'records' | 'write'>, node: string) {
  const log: string[] = []
  const logger = { info: (text: string) => log.push(text), warn: (text: string) => log.push(text) }
  const lives = await LeasedLives.begin({ documents, node, logger, times })
  onTestFinished(() => lives.close())
  return { lives, log }
}

test('nodes know of each other as long as they live, and of one that has stopped at once', async () => {
  const { documents } = await world()
  const [one, two] = [await begin(documents, 'one'), await begin(documents, 'two')]
  await sleep(3 * times.deadAfterMs)
  expect(await one.lives.nodeIsAlive(two.lives.own)).toBe(true)
  expect(await two.lives.nodeIsAlive(one.lives.own)).toBe(true)
  expect(await one.lives.nodeIsAlive('a life of long ago')).toBe(false)
  await two.lives.close()
  await vi.waitFor(async () => expect(await one.lives.nodeIsAlive(two.lives.own)).toBe(false), {
    timeout: times.deadAfterMs,
    interval: 5,
  })
})

test('a node that is silent for too long is dead to the others, and goes on as a new one when it is back', async () => {
  const { documents, seen } = await world()
  const view = seen()
  const [one, two] = [await begin(documents, 'one'), await begin(view.documents, 'two')]
  const before = two.lives.own
  const lives: string[] = []
  two.lives.onNewLife((life) => lives.push(life))
  view.away = true
  await vi.waitFor(async () => expect(await one.lives.nodeIsAlive(before)).toBe(false), patience)
  expect(one.log).toEqual([`A node has died: ${before}.`])
  view.away = false
  await vi.waitFor(() => expect(lives).toEqual([two.lives.own]), patience)
  expect(two.lives.own).not.toBe(before)
  expect(await two.lives.nodeIsAlive(before)).toBe(false)
  await vi.waitFor(async () => expect(await one.lives.nodeIsAlive(two.lives.own)).toBe(true), patience)
  // It never was anything but alive to itself.
  expect(await two.lives.nodeIsAlive(one.lives.own)).toBe(true)
})

test('while the store is away nobody dies, however long that takes', async () => {
  const { seen } = await world()
  const [viewOfOne, viewOfTwo] = [seen(), seen()]
  const [one, two] = [await begin(viewOfOne.documents, 'one'), await begin(viewOfTwo.documents, 'two')]
  const before = [one.lives.own, two.lives.own]
  viewOfOne.away = true
  viewOfTwo.away = true
  await sleep(3 * times.deadAfterMs)
  viewOfOne.away = false
  viewOfTwo.away = false
  await sleep(2 * times.deadAfterMs)
  expect([one.lives.own, two.lives.own]).toEqual(before)
  expect(await one.lives.nodeIsAlive(two.lives.own)).toBe(true)
})

test('a node that is started again ends its earlier life at once', async () => {
  const { documents, seen } = await world()
  const view = seen()
  const watching = await begin(documents, 'watching')
  const killed = await begin(view.documents, 'one')
  view.away = true
  const again = await begin(documents, 'one')
  expect(await again.lives.nodeIsAlive(killed.lives.own)).toBe(false)
  expect(await again.lives.nodeIsAlive(watching.lives.own)).toBe(true)
})

test('who lives is told at each look, and a look that fails is made again', async () => {
  const { documents } = await world()
  const { lives, log } = await begin(documents, 'one')
  let looks = 0
  lives.onLook(async () => {
    looks += 1
    if (looks === 1) throw new Error('The log is away.')
  })
  await vi.waitFor(() => expect(looks).toBeGreaterThan(2), patience)
  expect(log).toHaveLength(2)
})

test('whoever is no node can tell whether one lives, whatever dead ones have left', async () => {
  const { documents } = await world()
  expect(await someNodeLives(documents, times)).toBe(false)
  await documents.write([], [{ key: 'node/died-long-ago', expectedVersion: 0, value: { node: 'gone' } }])
  expect(await someNodeLives(documents, times)).toBe(false)
  await begin(documents, 'one')
  expect(await someNodeLives(documents, times)).toBe(true)
})
