import { getNamedType, isInterfaceType, isObjectType, isUnionType } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { ApiClient } from '../support/client.ts'
import { callOf } from '../support/everything.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
let anonymous: ApiClient
beforeAll(async () => {
  server = await startTestServer()
  anonymous = new ApiClient(server.graphql)
})
afterAll(() => server[Symbol.asyncDispose]())

type Root = 'Query' | 'Mutation'

const fieldsOf = (name: string) => {
  const type = schema.getType(name)
  if (!isObjectType(type)) throw new Error(`${name} is no object type.`)
  return Object.values(type.getFields())
}

/** Of a field of a root type: its document, with nothing below it but the type's name. */
const documentOf = (root: Root, field: ReturnType<typeof fieldsOf>[number]) => {
  const named = getNamedType(field.type)
  const composite = isObjectType(named) || isInterfaceType(named) || isUnionType(named)
  return `${root.toLowerCase()} { ${callOf(field)} ${composite ? '{ __typename }' : ''} }`
}

const open = new Set(['viewer', 'server', 'register', 'login', 'createGuest', 'claimOwner'])
const closed = (['Query', 'Mutation'] as const).flatMap((root) =>
  fieldsOf(root)
    .filter(({ name }) => !open.has(name))
    .map((field) => [`${root}.${field.name}`, documentOf(root, field)] as const),
)

describe('without signing in', () => {
  test('most of the schema is closed', () => expect(closed.length).toBeGreaterThan(15))

  test.each(closed)('%s is UNAUTHENTICATED', async (_, document) => {
    const { body } = await anonymous.post(document)
    expect(body.errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED'])
    // A field that may be null is null; of the others there is no data at all.
    expect(Object.values(body.data ?? { none: null })).toEqual([null])
  })

  test('there is no viewer', async () => {
    expect(await anonymous.query('{ viewer { id } }')).toEqual({ viewer: null })
  })

  test('the server tells its name, version, time and limits', async () => {
    const { server: told } = await anonymous.query(
      '{ server { id name version time limits { messageLength attachmentBytes pageSize } } }',
    )
    expect(told).toMatchObject({
      name: 'Parley',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      limits: { messageLength: 8_000, attachmentBytes: 26_214_400, pageSize: 100 },
    })
    expect(Math.abs(Date.parse(told.time) - Date.now())).toBeLessThan(60_000)
  })

  test.each(
    fieldsOf('Server')
      .map(({ name }) => name)
      .filter((name) => !['id', 'name', 'version', 'time', 'limits'].includes(name)),
  )('and not its %s', async (name) => {
    const { body } = await anonymous.post(`{ server { ${name} } }`)
    expect(body.data ?? null).toBeNull()
    expect(body.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED')
  })

  test.each(fieldsOf('Subscription').map((field) => [field.name, callOf(field)] as const))(
    'nobody hears %s',
    async (_, call) => {
      const socket = anonymous.socket()
      const feed = socket.iterate({ query: `subscription { ${call} { __typename } }` })
      await expect(feed.next()).rejects.toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
      await socket.dispose()
    },
  )
})
