// The proxy as it is configured for Docker Compose, in front of two servers.

import { spawnSync } from 'node:child_process'
import { createClient } from 'graphql-ws'
import { beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { guest } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'
import { caddyAbsent, proxyOf, statusOf } from './caddy.ts'
import { text } from './deployFiles.ts'

const patience = { timeout: 10_000, interval: 50 }

beforeEach(({ skip }) => skip(caddyAbsent !== undefined, caddyAbsent))

test('the file of the proxy is one, and written as its own formatter writes it', () => {
  const file = 'deploy/caddy/Caddyfile'
  expect(spawnSync('caddy', ['validate', '--adapter', 'caddyfile', '--config', file]).status).toBe(0)
  expect(spawnSync('caddy', ['fmt', file], { encoding: 'utf8' }).stdout).toBe(text(file))
})

test('requests, WebSockets and event streams pass through the proxy', async () => {
  const env = { PARLEY_TRUST_PROXY: 'on' }
  await using first = await startTestServer({ env })
  await using second = await startTestServer({ env })
  const url = await proxyOf(first.url, second.url)
  // Made by whichever node this address leads to, and known there alone: these two share nothing.
  const ada = await guest(`${url}/graphql`)
  const subscription = 'subscription { serverFeed { cursor } }'
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${ada.token}` },
  })
  for await (const { data } of client.iterate({ query: subscription })) {
    expect(data).toHaveProperty('serverFeed.cursor')
    break
  }
  await client.dispose()

  const stream = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${ada.token}`,
    },
    body: JSON.stringify({ query: subscription }),
  })
  expect(stream.headers.get('content-type')).toContain('text/event-stream')
  const chunk = await stream.body?.getReader().read()
  expect(new TextDecoder().decode(chunk?.value)).not.toBe('')
})

test('what only this machine may read is not read through the proxy', async () => {
  await using server = await startTestServer()
  const url = await proxyOf(server.url, server.url)
  expect((await fetch(`${url}/metrics`)).status).toBe(403)
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200)
})

test('when a node goes, the other one gets what comes', async () => {
  const first = await startTestServer()
  const second = await startTestServer()
  try {
    const url = await proxyOf(first.url, second.url)
    await guest(`${url}/graphql`)
    await first[Symbol.asyncDispose]()
    // Without a pause: who cannot be connected to is left out at once.
    for (let request = 0; request < 20; request++) expect(await statusOf(url)).toBe(200)
    await second[Symbol.asyncDispose]()
    await expect.poll(() => statusOf(url), patience).toBeGreaterThanOrEqual(500)
  } finally {
    await Promise.allSettled([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
  }
})
