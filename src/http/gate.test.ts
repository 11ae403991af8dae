// What the gate refuses, it refuses on every transport, with the same code.

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

const nested = (depth: number): string => `{ ${'self { '.repeat(depth - 1)}hello${' }'.repeat(depth - 1)} }`
const inFragments = `{ ...A } fragment A on Query { self { self { self { self { ...B } } } } } fragment B on Query { self { self { self { self { ...C } } } } } fragment C on Query { self { self { self { self { hello } } } } }`
const doubling = (levels: number): string => {
  const fragments = Array.from(
    { length: levels },
    (_, n) => `fragment F${n} on Query { self { ${n + 1 === levels ? 'hello viewer' : `...F${n + 1}`} } viewer hello }`,
  )
  return `{ ...F0 } ${fragments.join(' ')}`
}

const refusedDocuments: Record<string, { sent: Sent; code: string; message: RegExp }> = {
  'a syntax error': { sent: { query: '{ hello' }, code: 'BAD_INPUT', message: /Syntax Error/ },
  'an unknown field': { sent: { query: '{ nothing }' }, code: 'BAD_INPUT', message: /Cannot query field "nothing"/ },
  'a document that is too deep': { sent: { query: nested(13) }, code: 'TOO_LARGE', message: /13 levels deep; 12/ },
  'depth hidden in fragments': { sent: { query: inFragments }, code: 'TOO_LARGE', message: /13 levels deep/ },
  'fragments in fragments without end': { sent: { query: doubling(14) }, code: 'TOO_LARGE', message: /levels deep/ },
  'too many aliases': {
    sent: { query: `{ self { ${Array.from({ length: 51 }, (_, n) => `a${n}: hello`).join(' ')} } }` },
    code: 'TOO_LARGE',
    message: /51 aliases; 50/,
  },
  'aliases multiplied by fragments': {
    sent: {
      query: `{ a: self { ...F } b: self { ...F } c: self { ...F } } fragment F on Query { ${Array.from({ length: 20 }, (_, n) => `x${n}: hello`).join(' ')} }`,
    },
    code: 'TOO_LARGE',
    message: /63 aliases/,
  },
  'too many root fields': {
    sent: { query: `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: hello`).join(' ')} }` },
    code: 'TOO_LARGE',
    message: /21 root fields; 20/,
  },
  'too many tokens': { sent: { query: `{ ${'hello '.repeat(2_001)} }` }, code: 'TOO_LARGE', message: /2000 tokens/ },
  'a fragment that contains itself': {
    sent: { query: '{ ...A } fragment A on Query { self { ...A } }' },
    code: 'BAD_INPUT',
    message: /spread fragment "A" within itself/,
  },
  'a variable of the wrong type': {
    sent: { query: 'query ($text: String!) { echo(text: $text) }', variables: { text: 7 } },
    code: 'BAD_INPUT',
    message: /String cannot represent/,
  },
  'a document without the operation': {
    sent: { query: 'fragment A on Query { hello }' },
    code: 'BAD_INPUT',
    message: /./,
  },
  'several operations without a name': {
    sent: { query: 'query A { hello } query B { hello }' },
    code: 'BAD_INPUT',
    message: /"operationName"/,
  },
  'a position that is none': {
    sent: { query: '{ hello }', extensions: { atLeast: 'tomorrow' } },
    code: 'BAD_INPUT',
    message: /Parley-At-Least/,
  },
  'an invalid token, though the document is fine': {
    sent: { query: '{ hello }', token: 'nonsense' },
    code: 'UNAUTHENTICATED',
    message: /token is not valid/,
  },
}

for (const [transport, send] of Object.entries(transports)) {
  describe(transport, () => {
    for (const [name, { sent, code, message }] of Object.entries(refusedDocuments)) {
      test(`refuses ${name}`, async () => {
        const { data, errors } = await send(sent)
        expect(data).toBeUndefined()
        expect(errors?.[0]?.extensions?.code).toBe(code)
        expect(errors?.[0]?.message).toMatch(message)
      })
    }

    test('allows a document at the limits', async () => {
      expect((await send({ query: nested(12) })).errors).toBeUndefined()
      const aliases = Array.from({ length: 50 }, (_, n) => `a${n}: hello`).join(' ')
      expect((await send({ query: `{ self { ${aliases} } }` })).errors).toBeUndefined()
    })

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

test('introspection is allowed in full, or not at all', async () => {
  const { getIntrospectionQuery } = await import('graphql')
  const sent = { query: getIntrospectionQuery() }
  expect(((await (await post(server, sent, {})).json()) as Answer).errors).toBeUndefined()
  await using closed = await startTestServer({ introspection: false })
  expect(((await (await post(closed, sent, {})).json()) as Answer).errors?.[0]?.message).toMatch(/introspection/)
})

test('a node that hears nothing from the log opens no feed, and answers queries', async () => {
  await using deaf = await startTestServer({ hearing: () => false })
  const refused = await post(deaf, { query: 'subscription { silence }' }, stream)
  expect(refused.status).toBe(503)
  expect(((await refused.json()) as Answer).errors?.[0]?.extensions?.code).toBe('UNAVAILABLE')
  expect((await post(deaf, { query: '{ hello }' }, {})).status).toBe(200)
})
