// What the settings close: the schema, and all documents but those that are listed.

import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getIntrospectionQuery, parse, print } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guest } from '../support/client.ts'
import { newFolder, startTestServer, type TestServer } from '../support/testServer.ts'
import { sendBy, transports } from '../support/transports.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('with introspection off', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ env: { PARLEY_INTROSPECTION: 'off' } })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(transports)('the schema is not told by %s, nor guessed at', async (transport) => {
    for (const query of [getIntrospectionQuery(), '{ __type(name: "Room") { name } }'])
      expect(await sendBy(transport, server, { query })).toMatchObject({
        code: 'BAD_INPUT',
        message: expect.stringContaining('introspection'),
        data: undefined,
      })
    const misspelt = await sendBy(transport, server, { query: '{ sever { time } }' })
    expect(misspelt).toMatchObject({ code: 'BAD_INPUT', message: 'Cannot query field "sever" on type "Query".' })
    expect((await sendBy(transport, server, { query: '{ __typename }' })).data).toEqual({ __typename: 'Query' })
  })

  test('a browser gets no editor', async () => {
    const page = await fetch(server.graphql, { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type') ?? '').not.toContain('html')
  })
})

test('introspection is allowed unless it is switched off', async () => {
  await using server = await startTestServer()
  for (const transport of transports)
    expect((await sendBy(transport, server, { query: getIntrospectionQuery() })).data).toMatchObject({ __schema: {} })
})

const listed = 'query Names($slug: String!) { room(slug: $slug) { name } }'
const mutation = 'mutation Rename($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }'
const feed = 'subscription Follow($id: ID!) { conversationFeed(conversationId: $id) { caughtUp } }'

describe.each(['manifest.json', 'documents.graphql'])('with the documents of %s', (name) => {
  let server: TestServer
  let folder: string
  let token = ''
  beforeAll(async () => {
    folder = await newFolder()
    const file = join(folder, name)
    const documents = [listed, mutation, feed]
    await writeFile(
      file,
      name.endsWith('.json')
        ? JSON.stringify(Object.fromEntries(documents.map((document) => [sha256(document), document])))
        : documents.join('\n'),
    )
    // Guests are not made by a document of the list.
    const open = await startTestServer({ folder })
    token = (await guest(open.graphql)).token ?? ''
    await open[Symbol.asyncDispose]()
    server = await startTestServer({ folder, env: { PARLEY_DOCUMENT_ALLOWLIST: file } })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  test.each(transports)('what is listed is carried out by %s, whatever its white space', async (transport) => {
    const variables = { slug: 'general' }
    for (const query of [listed, listed.replaceAll(' ', '\n  '), `# comment\n${listed}`])
      expect((await sendBy(transport, server, { query, variables, token })).data).toEqual({ room: { name: 'General' } })
  })

  test.each(transports)('what is not listed is refused by %s', async (transport) => {
    for (const query of [
      '{ server { time } }',
      listed.replace('name', 'id'),
      `${listed} query Other { server { time } }`,
      '{ __schema { types { name } } }',
    ])
      expect(await sendBy(transport, server, { query, operationName: 'Names', token })).toMatchObject({
        code: 'FORBIDDEN',
        data: undefined,
        message: expect.stringContaining('only the documents of its list'),
      })
    expect((await sendBy(transport, server, { query: '{ nothing', token })).code).toBe('BAD_INPUT')
  })

  test.each(transports)('its hash is enough by %s', async (transport) => {
    const id = sha256(name.endsWith('.json') ? listed : print(parse(listed)))
    const variables = { slug: 'general' }
    const persistedQuery = { version: 1, sha256Hash: id }
    for (const by of [{ documentId: id }, { documentId: `sha256:${id}` }, { extensions: { persistedQuery } }])
      expect((await sendBy(transport, server, { ...by, variables, token })).data).toEqual({ room: { name: 'General' } })
    expect(await sendBy(transport, server, { documentId: sha256('else'), token })).toMatchObject({
      code: 'PERSISTED_QUERY_NOT_FOUND',
      data: undefined,
    })
  })

  test('mutations and subscriptions are listed like queries', async () => {
    const { data } = await sendBy('POST', server, { query: mutation, variables: { input: { bio: 'Tea' } }, token })
    expect(data).toEqual({ updateProfile: { __typename: 'UpdateProfilePayload' } })
    for (const transport of ['SSE', 'WebSocket'] as const)
      expect((await sendBy(transport, server, { query: feed, variables: { id: 'room_x' }, token })).code).toBe(
        'NOT_FOUND',
      )
  })
})
