import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startTestServer, type TestServer } from './serverForTests.ts'

const subscribe = (
  server: TestServer,
  query: string,
  more: { token?: string; signal?: AbortSignal; variables?: object; lastEventId?: string } = {},
): Promise<Response> =>
  fetch(server.url, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(more.token === undefined ? {} : { authorization: `Bearer ${more.token}` }),
      ...(more.lastEventId === undefined ? {} : { 'last-event-id': more.lastEventId }),
    },
    body: JSON.stringify({ query, variables: more.variables }),
    ...(more.signal ? { signal: more.signal } : {}),
  })

/** What the first frame says beside its data. */
const said = (field: string) => `"extensions":{"parley":{"shared":false,"because":"Subscription.${field}"}}`

test('a subscription is a stream of next events, then complete', async () => {
  await using server = await startTestServer()
  const response = await subscribe(server, 'subscription { count(to: 2) }')
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(await response.text()).toBe(
    `:\n\nevent: next\ndata: {"data":{"count":1},${said('count')}}\n\nevent: next\ndata: {"data":{"count":2}}\n\nevent: complete\ndata:\n\n`,
  )
})

test('a query comes as one next event', async () => {
  await using server = await startTestServer()
  const response = await fetch(`${server.url}?query={hello}`, { headers: { accept: 'text/event-stream' } })
  expect(await response.text()).toBe(':\n\nevent: next\ndata: {"data":{"hello":"world"}}\n\nevent: complete\ndata:\n\n')
})

test('RESUME: the id of a frame is the cursor of its feed, whether the document asks for it or not', async () => {
  await using server = await startTestServer()
  const text = await (await subscribe(server, 'subscription { steps(to: 2) }')).text()
  expect(text).toBe(
    `:\n\nid: 1\nevent: next\ndata: {"data":{"steps":1},${said('steps')}}\n\nid: 2\nevent: next\ndata: {"data":{"steps":2}}\n\nevent: complete\ndata:\n\n`,
  )
})

test('RESUME: Last-Event-ID says where a feed goes on, whatever its document says', async () => {
  await using server = await startTestServer()
  const documents = [
    'subscription { steps(to: 9) }',
    'subscription { steps(after: "3", to: 9) }',
    'subscription ($after: String) { steps(after: $after, to: 9) }',
    'subscription ($after: String = "5") { ...Steps } fragment Steps on Subscription { ... { steps(after: $after, to: 9) } }',
  ]
  for (const query of documents) {
    const response = await subscribe(server, query, { variables: { after: '2' }, lastEventId: '8' })
    expect([query, await response.text()]).toEqual([
      query,
      `:\n\nid: 9\nevent: next\ndata: {"data":{"steps":9},${said('steps')}}\n\nevent: complete\ndata:\n\n`,
    ])
  }
  const byGet = await fetch(`${server.url}?query=subscription{steps(to:9)}`, {
    headers: { accept: 'text/event-stream', 'last-event-id': '8' },
  })
  expect(await byGet.text()).toContain('id: 9\n')
})

test('Last-Event-ID is of no account where it is empty, for what has no cursor, and for queries', async () => {
  await using server = await startTestServer()
  const told = async (query: string, lastEventId: string) =>
    (await (await subscribe(server, query, { lastEventId })).text()).match(/^data: .*$/gm)
  expect(await told('subscription { steps(after: "8", to: 9) }', '')).toEqual([
    `data: {"data":{"steps":9},${said('steps')}}`,
  ])
  expect(await told('subscription { count(to: 1) }', '8')).toEqual([`data: {"data":{"count":1},${said('count')}}`])
  expect(await told('{ hello }', '8')).toEqual(['data: {"data":{"hello":"world"}}'])
})

test('a Last-Event-ID of another feed is refused as such a cursor is', async () => {
  await using server = await startTestServer()
  const response = await subscribe(server, 'subscription { steps(to: 9) }', { lastEventId: 'of another feed' })
  expect(await response.text()).toMatch(/^:\n\nevent: next\ndata: .*BAD_INPUT.*\n\nevent: complete\ndata:\n\n$/)
})

test('a client that takes JSON first, or a stream, gets JSON', async () => {
  await using server = await startTestServer()
  const asked = async (accept: string) =>
    (await fetch(`${server.url}?query={hello}`, { headers: { accept } })).headers.get('content-type')
  const json = 'application/graphql-response+json'
  expect(await asked(`${json}, application/json, text/event-stream, multipart/mixed`)).toMatch(json)
  expect(await asked('text/event-stream, multipart/mixed')).toMatch('text/event-stream')
  expect(await asked('text/event-stream, application/json')).toMatch('text/event-stream')
})

test('refused subscriptions and sources that fail show their code and complete', async () => {
  await using server = await startTestServer()
  for (const [field, code] of [
    ['forbidden', 'NOT_FOUND'],
    ['gone', 'FORBIDDEN'],
    ['broken', 'INTERNAL'],
    ['away', 'UNAVAILABLE'],
  ]) {
    const text = await (await subscribe(server, `subscription { ${field} }`)).text()
    expect(text).toContain(`"code":"${code}"`)
    expect(text).toMatch(/event: complete\ndata:\n\n$/)
    expect(text).not.toContain('secret')
  }
})

test('an invalid token is 401, a mutation by GET 405, a form 415', async () => {
  await using server = await startTestServer()
  const refused = await subscribe(server, 'subscription { silence }', { token: 'nonsense' })
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="parley"')
  const byGet = await fetch(`${server.url}?query=mutation{bump}`, { headers: { accept: 'text/event-stream' } })
  expect(byGet.status).toBe(405)
  expect(server.bumps).toBe(0)
  const form = await fetch(server.url, {
    method: 'POST',
    headers: { accept: 'text/event-stream' },
    body: new URLSearchParams({ query: '{hello}' }),
  })
  expect(form.status).toBe(415)
  expect(form.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(await form.json()).toMatchObject({ detail: 'Send content-type: application/json.' })
})

test('REVOKE: the end of the session ends the stream with its code', async () => {
  await using server = await startTestServer()
  const response = await subscribe(server, 'subscription { silence }', { token: 'token-ada' })
  const text = response.text()
  await expect.poll(() => server.feeds.opened).toBe(1)
  server.endSession('token-ada')
  expect(await text).toMatch(
    /^:\n\nevent: next\ndata: \{"errors":\[.*UNAUTHENTICATED.*\]\}\n\nevent: complete\ndata:\n\n$/,
  )
  expect(server.feeds.returned).toBe(1)
})

test('a client that goes ends its feed', async () => {
  await using server = await startTestServer()
  const gone = new AbortController()
  await subscribe(server, 'subscription { silence }', { signal: gone.signal })
  await expect.poll(() => server.http.connections()).toBe(1)
  gone.abort()
  await expect.poll(() => server.feeds.returned).toBe(1)
  await expect.poll(() => server.http.connections()).toBe(0)
})

test('BOUND: no frames are made for a reader that does not read, and it is dropped in the end', async () => {
  await using server = await startTestServer({ limits: { slowMs: 300, commentMs: 50 } })
  const response = await subscribe(server, 'subscription { big(bytes: 100000) }')
  await expect.poll(() => server.feeds.pulled).toBeGreaterThan(2)
  await expect.poll(() => server.feeds.returned, { timeout: 5_000 }).toBe(1)
  expect(server.feeds.pulled).toBeLessThan(300)
  await expect(response.text()).rejects.toThrow()
})

test('comments keep a quiet stream open; a server that stops ends it without complete', async () => {
  const server = await startTestServer({ limits: { commentMs: 20 } })
  const response = await subscribe(server, 'subscription { silence }')
  const text = response.text()
  await new Promise((resolve) => setTimeout(resolve, 120))
  await server[Symbol.asyncDispose]()
  expect(await text).toMatch(/^(:\n\n){3,}$/)
})

test('a client that goes before its answer is there leaves no open stream behind', async () => {
  await using server = await startTestServer()
  const { gate } = server
  const identify = gate.identify.bind(gate)
  for (const query of ['{ hello }', 'subscription { silence }']) {
    const [asked, answered, carriedOut] = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
    gate.identify = async (authorization) => {
      asked?.resolve()
      await answered?.promise
      // What follows, up to the stream, takes a few turns at most.
      setTimeout(() => carriedOut?.resolve(), 50)
      return identify(authorization)
    }
    const gone = new AbortController()
    const response = subscribe(server, query, { signal: gone.signal })
    await asked?.promise
    gone.abort()
    await expect(response).rejects.toThrow()
    // The request is logged when its connection has closed.
    await expect.poll(() => server.logged.splice(0).length).toBe(1)
    answered?.resolve()
    await carriedOut?.promise
    expect([query, server.http.connections()]).toEqual([query, 0])
  }
  expect(server.feeds).toMatchObject({ opened: 1, returned: 1 })
})

test('BOUND: a reader that pauses is given nothing more meanwhile, and goes on where it was', async () => {
  await using server = await startTestServer()
  const sent = request(`${server.url}?query=subscription{big(bytes:100000)}`, {
    headers: { accept: 'text/event-stream' },
  }).end()
  // The only argument of this event.
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.pause()
  let before = 0
  await expect
    .poll(
      () => {
        const stands = before > 2 && before === server.feeds.pulled
        before = server.feeds.pulled
        return stands
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true)
  // The operating system holds a few MB for a reader that does not read.
  expect(before).toBeLessThan(200)
  await sleep(200)
  expect(server.feeds.pulled).toBe(before)
  response.resume()
  await expect.poll(() => server.feeds.pulled).toBeGreaterThan(before + 10)
  sent.destroy()
  await expect.poll(() => server.feeds.returned).toBe(1)
})
