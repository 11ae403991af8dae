// One node alone is cut off from MongoDB, and comes back: it held the lease, and somebody is connected to it.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openMongoDocuments } from '../../src/documents/mongo/open.ts'
import { nodeIdIn } from '../../src/nodeId.ts'
import { leaseKey } from '../../src/projecting/builds.ts'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { startCluster } from '../support/cluster.ts'
import { isReady, untilReadiness } from '../support/readiness.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { TcpProxy } from '../support/tcpProxy.ts'

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** How long until it is so, in ms. @throws when it is not so within a minute */
async function until(isSo: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await isSo())) {
    if (performance.now() - began > 60_000) throw new Error('It never was so.')
    await sleep(100)
  }
  return performance.now() - began
}

test('CHECKPOINT FOLD: a node that is cut off from MongoDB alone neither folds nor keeps its people, and goes on as a new one', {
  timeout: 180_000,
}, async ({ skip }) => {
  await using proxy = await TcpProxy.start()
  await using cluster = await startCluster({
    through: (engine, address, node) => (engine === 'documents' && node === 0 ? proxy.to(address) : address),
  })
  if (cluster === undefined) return skip('there is no MongoDB here')
  const [cut, other] = cluster.nodes
  if (!cut || !other) throw new Error('There are two nodes.')
  const documents = await openMongoDocuments({ url: cluster.env.PARLEY_DOCUMENTS ?? '' })
  const folds = async (node: typeof cut): Promise<boolean> =>
    String((await documents.record(leaseKey))?.value.holder).startsWith(`${nodeIdIn(node.folder)}/`)
  try {
    // The first node to start folds.
    expect(await folds(cut)).toBe(true)
    const watcher = await registered(other.server.graphql, 'watcher')
    const person = await guest(cut.server.graphql, 'On the other side')
    const room = await createRoom(watcher, 'Cut off')
    await join(person, room.id)
    const socket = new ApiClient(cut.server.graphql, person.token).socket({ lazy: false, onNonLazyError: () => {} })
    const presence = async (): Promise<string> =>
      (await watcher.query('query ($id: ID) { user(id: $id) { presence } }', { id: person.userId })).user.presence
    await until(async () => (await presence()) === 'ONLINE')
    // It folds while it is cut off, as like as not.
    const writing = new AbortController()
    const written: string[] = []
    const running = (async () => {
      while (!writing.signal.aborted) {
        const text = `message ${written.length}`
        if ((await send(watcher, room.id, text, text)).message) written.push(text)
      }
    })()
    await sleep(300)
    proxy.silence()
    const cutAt = performance.now()
    const [notReadyMs, takenMs] = await Promise.all([
      untilReadiness(cut.server.url, ({ code, missing }) => code === 503 && missing.includes('read models')),
      until(() => folds(other)),
    ])
    const goneMs = await until(async () => (await presence()) === 'OFFLINE').then(() => performance.now() - cutAt)
    await proxy.comeBack()
    const readyMs = await untilReadiness(cut.server.url, isReady)
    const backMs = await until(async () => (await presence()) === 'ONLINE')
    writing.abort()
    await running
    console.log(
      `cut off: not ready after ${seconds(notReadyMs)}, another one folds after ${seconds(takenMs)}, its people are offline after ` +
        `${seconds(goneMs)}; back: ready after ${seconds(readyMs)}, its people are there again ${seconds(backMs)} later`,
    )
    expect(notReadyMs).toBeLessThan(10_000)
    expect(takenMs).toBeLessThan(10_000)
    expect(goneMs).toBeLessThan(30_000)
    expect(readyMs).toBeLessThan(10_000)
    expect(backMs).toBeLessThan(15_000)
    const { position } = await send(watcher, room.id, 'the last one')
    await watcher.query('{ viewer { id } }', {}, { headers: { 'parley-at-least': position } })
    const through = new ApiClient(cut.server.graphql, watcher.token)
    await through.query('{ viewer { id } }', {}, { headers: { 'parley-at-least': position } })
    for (const reader of [watcher, through])
      expect((await shownMessages(reader, room.id)).map(({ text }) => text)).toEqual([...written, 'the last one'])
    await socket.dispose()
    const verified = await parley(['projections', 'verify', '--all', '--data', cut.folder, '--json'], cluster.env)
    expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 })
  } catch (error) {
    console.log(cluster.nodes.map(({ server }) => server.log()).join('\n'))
    throw error
  } finally {
    await documents.close()
  }
})
