import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startTestServer, type TestServer } from './serverForTests.ts'

const post = (server: TestServer, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })

const codeOf = async (response: Response): Promise<unknown> => {
  const { errors, code } = (await response.json()) as { errors?: { extensions?: { code?: string } }[]; code?: string }
  return code ?? errors?.[0]?.extensions?.code
}

/** What the server says on a connection of its own, until it closes that. */
const answer = (server: TestServer, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1', () => socket.write(text))
    socket.on('data', (data) => {
      heard += data
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })

test('bad requests get the status and the code that say so', async () => {
  await using server = await startTestServer()
  const query = JSON.stringify({ query: '{ hello }' })
  const modern = { accept: 'application/graphql-response+json' }
  const cases: [string, Promise<Response>, number, string | undefined][] = [
    ['no JSON', post(server, '{"query"', modern), 400, 'BAD_INPUT'],
    ['a batch', post(server, `[${query}, ${query}]`, modern), 400, 'BAD_INPUT'],
    ['no query', post(server, '{}', modern), 400, 'BAD_INPUT'],
    [
      'variables that are a list',
      post(server, JSON.stringify({ query: '{ hello }', variables: [1] }), modern),
      400,
      'BAD_INPUT',
    ],
    [
      'a form',
      fetch(server.url, { method: 'POST', body: new URLSearchParams({ query: '{ hello }' }) }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a compressed body', post(server, query, { 'content-encoding': 'gzip' }), 415, 'BAD_INPUT'],
    ['another method', fetch(server.url, { method: 'DELETE' }), 405, 'METHOD_NOT_ALLOWED'],
    ['an unknown path', fetch(`${server.origin}/nothing`), 404, 'NOT_FOUND'],
    [
      'a body of more than 1 MB',
      post(server, JSON.stringify({ query: '{ hello }', extensions: { x: 'x'.repeat(1_048_576) } })),
      413,
      'TOO_LARGE',
    ],
    ['a subscription without a stream', post(server, '{"query":"subscription { silence }"}', modern), 400, 'BAD_INPUT'],
    ['a mutation by GET', fetch(`${server.url}?query=mutation{bump}`), 405, 'BAD_INPUT'],
    ['an invalid token', post(server, query, { authorization: 'Bearer nonsense' }), 401, 'UNAUTHENTICATED'],
    ['another kind of authorization', post(server, query, { authorization: 'Basic YTpi' }), 401, 'UNAUTHENTICATED'],
  ]
  for (const [name, asked, status, code] of cases) {
    const response = await asked
    expect([name, response.status]).toEqual([name, status])
    if (code !== undefined) expect([name, await codeOf(response)]).toEqual([name, code])
  }
  expect(server.bumps).toBe(0)
})

test('a body that grows past the limit without saying its length is refused too', async () => {
  await using server = await startTestServer()
  const chunk = new TextEncoder().encode('x'.repeat(100_000))
  let left = 20
  const body = new ReadableStream({
    pull(controller) {
      left -= 1
      if (left < 0) controller.close()
      else controller.enqueue(chunk)
    },
  })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' }
  expect((await fetch(server.url, init)).status).toBe(413)
})

test('pages of other origins read answers only where the settings allow it', async () => {
  await using same = await startTestServer()
  await using listed = await startTestServer({ config: { origins: ['https://chat.example'] } })
  await using open = await startTestServer({ config: { origins: ['*'] } })
  const allowed = async (server: TestServer, origin: string) =>
    (await post(server, '{"query":"{ hello }"}', { origin })).headers.get('access-control-allow-origin')
  expect(await allowed(same, 'https://chat.example')).toBeNull()
  expect(await allowed(listed, 'https://chat.example')).toBe('https://chat.example')
  expect(await allowed(listed, 'https://evil.example')).toBeNull()
  expect(await allowed(open, 'https://any.example')).toBe('*')
  const preflight = await fetch(listed.url, { method: 'OPTIONS', headers: { origin: 'https://chat.example' } })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-headers')).toContain('parley-at-least')
  expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
})

test('a port that is taken is said, so that whoever starts it can say what to do', async () => {
  await using first = await startTestServer()
  await using second = await startTestServer()
  const port = Number(new URL(first.origin).port)
  await expect(second.http.listen('127.0.0.1', port)).rejects.toThrow()
  const { TestServer } = await import('./serverForTests.ts')
  await expect(new TestServer().http.listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE', port })
})

test('the log knows path and status of a request, but no query and no body', async () => {
  await using server = await startTestServer()
  await (await fetch(`${server.url}?query={hello}&token=private`)).text()
  await expect.poll(() => server.logged.length).toBe(1)
  expect(server.logged[0]).toMatchObject({ level: 'debug', fields: { method: 'GET', path: '/graphql', status: 200 } })
  expect(JSON.stringify(server.logged)).not.toMatch(/private|hello/)
})

test('what is no HTTP, or has too many headers, ends that connection only', async () => {
  await using server = await startTestServer()
  expect(await answer(server, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
  expect(await answer(server, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/)
  expect((await fetch(`${server.origin}/livez`)).status).toBe(200)
})

test('closing lets a request under way be answered', async () => {
  const server = await startTestServer()
  const asked = post(server, '{"query":"{ slow(ms: 150) }"}')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await server.http.close()
  expect(await (await asked).json()).toEqual({ data: { slow: 150 } })
})

test('a request that offers to go on in HTTP/2 is answered in HTTP/1.1, with its body read', async () => {
  await using server = await startTestServer()
  const body = '{"query":"{ hello }"}'
  const heard = await answer(
    server,
    [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  )
  expect(heard).toMatch(/^HTTP\/1.1 200 /)
  expect(heard).toContain('{"data":{"hello":"world"}}')
})
