// Two nodes on one log, behind the proxy: each is restarted in turn, while somebody writes and somebody reads.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type ApiClient, createRoom, registered, send } from '../support/client.ts'
import { startCluster } from '../support/cluster.ts'
import { followOverSocket } from '../support/feedReader.ts'
import { caddyAbsent, proxyOf } from './caddy.ts'

const patience = { timeout: 20_000, interval: 50 }

/** Sends until it is told to stop; what was not acknowledged is sent again with its key. @returns all, in order */
async function write(client: ApiClient, roomId: string, stop: AbortSignal): Promise<readonly string[]> {
  const sent: string[] = []
  while (!stop.aborted) {
    const text = `Message ${sent.length + 1}`
    while (!(await acknowledged(client, roomId, text))) await sleep(100)
    sent.push(text)
    await sleep(15)
  }
  return sent
}

const acknowledged = (client: ApiClient, roomId: string, text: string): Promise<boolean> =>
  send(client, roomId, text, text).then(
    ({ message }) => message !== undefined,
    () => false,
  )

/** Reads until it is told to stop, and goes on after the last cursor whenever it was cut off. */
function read(place: { graphql: string; token: string | undefined; conversationId: string }, stop: AbortSignal) {
  const seen = { texts: [] as string[], frames: 0, resets: 0, connections: 0 }
  let after: string | undefined
  const running = (async () => {
    while (!stop.aborted) {
      seen.connections++
      const fields = '... on MessageSent { message { text } }'
      const connection = followOverSocket({ ...place, after, fields }, ({ cursor, reset, events }) => {
        after = cursor
        seen.frames++
        if (reset !== null) seen.resets++
        for (const { message } of events as readonly { message?: { text: string } | null }[])
          if (message) seen.texts.push(message.text)
      })
      const drop = () => connection.drop()
      stop.addEventListener('abort', drop, { once: true })
      await connection.ended
      stop.removeEventListener('abort', drop)
      if (!stop.aborted) await sleep(100)
    }
  })()
  return { seen, running }
}

test('ACK ONCE ORDER RESUME: a rolling restart behind the proxy loses nothing and repeats nothing', {
  timeout: 150_000,
}, async ({ skip }) => {
  skip(caddyAbsent !== undefined, caddyAbsent)
  await using cluster = await startCluster({ env: { PARLEY_TRUST_PROXY: 'on' } })
  if (cluster === undefined) return skip('there is no MongoDB here')
  const graphql = `${await proxyOf(...cluster.nodes.map(({ server }) => server.url))}/graphql`
  const ada = await registered(graphql, 'ada')
  const { id } = await createRoom(ada, 'Through the proxy')
  const writing = new AbortController()
  const reading = new AbortController()
  const { seen, running } = read({ graphql, token: ada.token, conversationId: id }, reading.signal)
  // A feed without a cursor begins when it is there.
  await expect.poll(() => seen.frames, patience).toBeGreaterThan(0)
  const sending = write(ada, id, writing.signal)
  await expect.poll(() => seen.texts.length, patience).toBeGreaterThan(20)

  for (const node of cluster.nodes) {
    const before = seen.texts.length
    expect(await node.server.stop()).toBe(0)
    await expect.poll(() => seen.texts.length, patience).toBeGreaterThan(before + 20)
    await node.start()
    const since = seen.texts.length
    await expect.poll(() => seen.texts.length, patience).toBeGreaterThan(since + 20)
  }

  writing.abort()
  const sent = await sending
  await expect.poll(() => seen.texts, patience).toEqual(sent)
  reading.abort()
  await running
  expect(seen.texts).toEqual(sent)
  // It was cut off at least once, and never told to begin anew.
  expect(seen.resets).toBe(0)
  expect(seen.connections).toBeGreaterThan(1)
})
