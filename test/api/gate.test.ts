// What the gate refuses, it refuses by every transport, with the same code.

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { ApiClient, guest } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'
import { type Sent, sendBy, transports } from '../support/transports.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())
afterEach(() => vi.useRealTimers())

const repeated = (count: number, one: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => one(n)).join(' ')

/** Fields below one another: `room { lastMessage { conversation { lastMessage …`. */
const nested = (depth: number): string => {
  const below = Array.from({ length: depth - 2 }, (_, n) => (n % 2 === 0 ? 'lastMessage' : 'conversation'))
  return `{ room(slug: "general") { ${below.map((field) => `${field} { `).join('')}id${' }'.repeat(depth)}`
}

const inFragments = `{ room(slug: "general") { ...A } }
  fragment A on Room { lastMessage { conversation { lastMessage { conversation { ...B } } } } }
  fragment B on Conversation { lastMessage { conversation { lastMessage { conversation { ...C } } } } }
  fragment C on Conversation { lastMessage { conversation { lastMessage { id } } } }`

const doubling = (levels: number): string => {
  const fragments = repeated(levels, (n) => {
    const inner = n + 1 === levels ? 'id' : `...F${n + 1}`
    return `fragment F${n} on Conversation { a${n}: lastMessage { conversation { ${inner} } } b${n}: lastMessage { conversation { ${inner} } } }`
  })
  return `{ room(slug: "general") { ...F0 } } ${fragments}`
}

const listsInLists =
  '{ rooms(first: 100) { nodes { messages(first: 100) { nodes { conversation { messages(first: 100) { nodes { id } } } } } } } }'

const refused: Readonly<Record<string, { readonly sent: Sent; readonly code: string; readonly message: RegExp }>> = {
  'a syntax error': { sent: { query: '{ server' }, code: 'BAD_INPUT', message: /Syntax Error/ },
  'an unknown field': { sent: { query: '{ nothing }' }, code: 'BAD_INPUT', message: /Cannot query field "nothing"/ },
  'an argument of the wrong type': {
    sent: { query: '{ room(slug: 7) { id } }' },
    code: 'BAD_INPUT',
    message: /String cannot represent/,
  },
  'a document that is too deep': { sent: { query: nested(13) }, code: 'TOO_LARGE', message: /13 levels deep; 12/ },
  'depth hidden in fragments': { sent: { query: inFragments }, code: 'TOO_LARGE', message: /13 levels deep/ },
  'fragments in fragments without end': { sent: { query: doubling(20) }, code: 'TOO_LARGE', message: /levels deep/ },
  'too many aliases': {
    sent: { query: `{ server { ${repeated(51, (n) => `a${n}: time`)} } }` },
    code: 'TOO_LARGE',
    message: /51 aliases; 50/,
  },
  'aliases multiplied by fragments': {
    sent: {
      query: `{ a: server { ...F } b: server { ...F } c: server { ...F } } fragment F on Server { ${repeated(20, (n) => `x${n}: time`)} }`,
    },
    code: 'TOO_LARGE',
    message: /63 aliases/,
  },
  'too many root fields': {
    sent: { query: `{ ${repeated(21, (n) => `a${n}: server { time }`)} }` },
    code: 'TOO_LARGE',
    message: /21 root fields; 20/,
  },
  'too many fields': {
    sent: { query: `{ server { ${'time '.repeat(1_000)} } }` },
    code: 'TOO_LARGE',
    message: /1001 fields.*; 1000/,
  },
  'too many tokens': {
    sent: { query: `{ server { ${'time '.repeat(2_001)} } }` },
    code: 'TOO_LARGE',
    message: /2000 tokens/,
  },
  'lists within lists within lists': { sent: { query: listsInLists }, code: 'TOO_LARGE', message: /objects/ },
  'lists whose length is in a variable': {
    sent: { query: listsInLists.replace('{', 'query ($n: Int) {').replaceAll('100', '$n'), variables: { n: 100 } },
    code: 'TOO_LARGE',
    message: /objects/,
  },
  'a fragment that contains itself': {
    sent: { query: '{ server { ...A } } fragment A on Server { ...A }' },
    code: 'BAD_INPUT',
    message: /spread fragment "A" within itself/,
  },
  'a variable of the wrong type': {
    sent: { query: 'query ($slug: String!) { room(slug: $slug) { id } }', variables: { slug: 7 } },
    code: 'BAD_INPUT',
    message: /String cannot represent/,
  },
  'a variable that is missing': {
    sent: { query: 'query ($slug: String!) { room(slug: $slug) { id } }' },
    code: 'BAD_INPUT',
    message: /\$slug/,
  },
  'a document without an operation': {
    sent: { query: 'fragment A on Server { time }' },
    code: 'BAD_INPUT',
    message: /./,
  },
  'several operations without a name': {
    sent: { query: 'query A { server { time } } query B { server { time } }' },
    code: 'BAD_INPUT',
    message: /"operationName"/,
  },
  'a name that no operation has': {
    sent: { query: 'query A { server { time } }', operationName: 'B' },
    code: 'BAD_INPUT',
    message: /"operationName"/,
  },
  'a position that is none': {
    sent: { query: '{ server { time } }', extensions: { atLeast: 'tomorrow' } },
    code: 'BAD_INPUT',
    message: /Parley-At-Least/,
  },
  'the id of a document, where none are listed': {
    sent: { query: '', documentId: 'abc' },
    code: 'PERSISTED_QUERY_NOT_SUPPORTED',
    message: /send the document itself/,
  },
  'a token that is none, though the document is fine': {
    sent: { query: '{ server { time } }', token: 'nonsense' },
    code: 'UNAUTHENTICATED',
    message: /token is not valid/,
  },
}

describe.each(transports)('by %s', (transport) => {
  test.each(Object.entries(refused))('%s is refused', async (_, { sent, code, message }) => {
    const answer = await sendBy(transport, server, sent)
    expect([answer.code, answer.data]).toEqual([code, undefined])
    expect(answer.message).toMatch(message)
  })

  test('documents at the limits are carried out', async () => {
    const { token = '' } = await guest(server.graphql)
    for (const query of [
      nested(12),
      `{ server { ${repeated(50, (n) => `a${n}: time`)} } }`,
      `{ ${repeated(20, (n) => `a${n}: server { ${'time '.repeat(49)} }`)} }`,
    ])
      expect(await sendBy(transport, server, { query, token })).toMatchObject({
        code: undefined,
        data: expect.any(Object),
      })
  })

  test('without a token there is only what anonymous callers may see', async () => {
    const sent = { query: '{ room(slug: "general") { id } server { name } viewer { id } }' }
    expect(await sendBy(transport, server, sent)).toMatchObject({
      code: 'UNAUTHENTICATED',
      data: { room: null, server: { name: 'Parley' }, viewer: null },
    })
  })

  test('REVOKE: the token of an ended session is refused', async () => {
    const { token = '' } = await guest(server.graphql)
    const sent = { query: '{ viewer { id } }', token }
    expect(await sendBy(transport, server, sent)).toMatchObject({ code: undefined, data: { viewer: {} } })
    await new ApiClient(server.graphql, token).query('mutation { logout { __typename } }')
    expect(await sendBy(transport, server, sent)).toMatchObject({ code: 'UNAUTHENTICATED', data: undefined })
  })

  test('REVOKE: the token of an expired session is refused', async () => {
    const { token = '' } = await guest(server.graphql)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * 86_400_000 })
    const sent = { query: '{ viewer { id } }', token }
    expect(await sendBy(transport, server, sent)).toMatchObject({ code: 'UNAUTHENTICATED', data: undefined })
  })

  test('a feed is for those who are signed in, and for conversations that are there', async () => {
    const query = 'subscription { conversationFeed(conversationId: "room_x") { cursor } }'
    const streams = transport === 'SSE' || transport === 'WebSocket'
    const { token = '' } = await guest(server.graphql)
    expect((await sendBy(transport, server, { query })).code).toBe(streams ? 'UNAUTHENTICATED' : 'BAD_INPUT')
    expect((await sendBy(transport, server, { query, token })).code).toBe(streams ? 'NOT_FOUND' : 'BAD_INPUT')
  })
})

test('mutations are not carried out by GET, neither as JSON nor as a stream', async () => {
  const url = `${server.graphql}?query=${encodeURIComponent('mutation { createGuest(input: {}) { __typename } }')}`
  for (const accept of ['application/json', 'text/event-stream']) {
    const response = await fetch(url, { headers: { accept } })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await response.json()).errors[0].extensions.code).toBe('BAD_INPUT')
  }
})
