// What the gate does on every transport, where it takes a schema of its own to show it. What it refuses is tested over the
// whole server, in test/api/gate.test.ts.

import { afterAll, describe, expect, test } from 'vitest'
import { RawSocket } from './rawSocket.ts'
import { aPosition, startTestServer, type TestServer } from './serverForTests.ts'

interface Sent {
  readonly query: string
  readonly variables?: object
  readonly extensions?: object
  readonly token?: string
}

interface Answer {
  readonly data?: Record<string, unknown> | null
  readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[]
  readonly extensions?: Record<string, unknown>
}

const server = await startTestServer()
afterAll(() => server[Symbol.asyncDispose]())

const headersOf = ({ token }: Sent): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

const getUrl = ({ query, variables, extensions }: Sent): URL => {
  const url = new URL(server.url)
  url.searchParams.set('query', query)
  if (variables) url.searchParams.set('variables', JSON.stringify(variables))
  if (extensions) url.searchParams.set('extensions', JSON.stringify(extensions))
  return url
}

const post = (to: TestServer, { token: _, ...body }: Sent, headers: Record<string, string>): Promise<Response> =>
  fetch(to.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** The first result of a stream, or the answer itself where no stream was opened. */
const firstResult = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  return JSON.parse(/^event: next\ndata: (.*)$/m.exec(text)?.[1] ?? text) as Answer
}

const stream = { accept: 'text/event-stream' }

const transports: Record<string, (sent: Sent) => Promise<Answer>> = {
  POST: async (sent) => (await (await post(server, sent, headersOf(sent))).json()) as Answer,
  GET: async (sent) => (await (await fetch(getUrl(sent), { headers: headersOf(sent) })).json()) as Answer,
  'SSE by POST': async (sent) => firstResult(await post(server, sent, { ...headersOf(sent), ...stream })),
  'SSE by GET': async (sent) => firstResult(await fetch(getUrl(sent), { headers: { ...headersOf(sent), ...stream } })),
  WebSocket: async ({ token, extensions, ...payload }) => {
    using socket = await new RawSocket(server.socketUrl).init()
    const headers = token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }
    socket.subscribe('1', payload.query, { ...payload, extensions: { ...extensions, ...headers } })
    await socket.until(() => socket.of('1').length > 0)
    const [message] = socket.of('1')
    return (message?.type === 'error' ? { errors: message.payload } : message?.payload) as Answer
  },
}

for (const [transport, send] of Object.entries(transports)) {
  describe(transport, () => {
    test('knows who asks', async () => {
      expect((await send({ query: '{ viewer }', token: 'token-ada' })).data).toEqual({
        viewer: server.identityOf('token-ada').userId,
      })
      expect((await send({ query: '{ viewer }' })).data).toEqual({ viewer: null })
    })

    test('hides what a bug says, and logs where it was, without the words', async () => {
      server.logged.length = 0
      const { data, errors } = await send({ query: '{ fail }' })
      expect(data).toEqual({ fail: null })
      expect(errors?.[0]?.extensions?.code).toBe('INTERNAL')
      const told = server.logged.filter(({ level }) => level === 'error')
      expect(told).toHaveLength(1)
      expect(JSON.stringify(told)).toContain('serverForTests.ts')
      expect(JSON.stringify([told, errors])).not.toContain('secret')
    })

    test('reads what it must see at least, and says that it is behind', async () => {
      const far = 'ffffffffffffffff'
      const answer = await send({ query: '{ atLeast }', extensions: { atLeast: far } })
      expect(answer.data).toEqual({ atLeast: far })
      expect(answer.extensions).toEqual({ parley: { behind: true, position: '0000000000000064' } })
    })
  })
}

test("READYOURWRITES: a session's own later queries see what it wrote, on whichever transport", async () => {
  await using fresh = await startTestServer()
  const ask = async (token: string) =>
    (await (await post(fresh, { query: '{ atLeast }' }, { authorization: `Bearer ${token}` })).json()) as Answer
  expect((await ask('token-ada')).data).toEqual({ atLeast: null })
  await post(fresh, { query: 'mutation { write }' }, { authorization: 'Bearer token-ada' })
  expect((await ask('token-ada')).data).toEqual({ atLeast: aPosition })
  expect((await ask('token-bob')).data).toEqual({ atLeast: null })
})

test('REVOKE: a session that ends while a query reads gets nothing of it', async () => {
  await using fresh = await startTestServer()
  const asked = post(fresh, { query: '{ slow(ms: 100) }' }, { authorization: 'Bearer token-ada' })
  await new Promise((resolve) => setTimeout(resolve, 40))
  fresh.endSession('token-ada')
  const response = await asked
  expect(response.status).toBe(401)
  expect(((await response.json()) as Answer).data).toBeUndefined()
})

test('a node that hears nothing from the log opens no feed, and answers queries', async () => {
  await using deaf = await startTestServer({ hearing: () => false })
  const refused = await post(deaf, { query: 'subscription { silence }' }, stream)
  expect(refused.status).toBe(503)
  expect(((await refused.json()) as Answer).errors?.[0]?.extensions?.code).toBe('UNAVAILABLE')
  expect((await post(deaf, { query: '{ hello }' }, {})).status).toBe(200)
})
