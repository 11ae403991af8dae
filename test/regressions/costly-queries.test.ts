// Lists within lists: a query of 150 bytes asked for millions of objects, and ended the process.

import { expect, test } from 'vitest'
import { createRoom, guest, registered } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'

const nested = (sizes: readonly string[]): string =>
  sizes.reduceRight((inner, size) => `messages(first: ${size}) { nodes { conversation { ${inner} } } }`, 'id')

test('lists within lists are multiplied before they are read, variables and fragments too', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea Time')
  const eve = await guest(server.graphql)
  const refused = async (query: string, variables: object = {}) => {
    const { body } = await eve.post(query, { id, ...variables })
    expect(body.data ?? null).toBeNull()
    expect(body.errors?.[0]).toMatchObject({ extensions: { code: 'TOO_LARGE' } })
    expect(body.errors?.[0]?.message).toMatch(/smaller pages/)
  }
  await refused(`query ($id: ID!) { conversation(id: $id) { ${nested(['100', '100', '100'])} } }`)
  await refused(`query ($id: ID!, $n: Int) { conversation(id: $id) { ${nested(['$n', '$n'])} } }`, { n: 100 })
  await refused(`query ($id: ID!, $n: Int = 100) { conversation(id: $id) { ${nested(['$n', '$n'])} } }`)
  // Without an argument a page has 50.
  await refused(
    'query ($id: ID!) { conversation(id: $id) { ...Room } } fragment Room on Conversation { messages { nodes { conversation { members { nodes { user { id } conversation { members { nodes { id } } } } } } } } }',
  )
  await refused(`query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Room { ${nested(['100'])} } } }`, {
    ids: Array(90).fill(id),
  })
  const { body } = await eve.post(
    `query ($id: ID!) { conversation(id: $id) { ${nested(['100'])} } rooms { nodes { lastMessage { text author { username } } } } }`,
    { id },
  )
  expect(body.errors).toBeUndefined()
})

test('what an operation can ask for is judged each time where its variables say it, and the same each time where they do not', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea Time')
  const codes = async (query: string, variables: object) =>
    (await ada.post(query, { id, ...variables })).body.errors?.map(({ extensions }) => extensions?.code)
  const varied = `query ($id: ID!, $n: Int = 1) { conversation(id: $id) { ...Inner } } fragment Inner on Conversation { ${nested(['$n', '$n'])} }`
  for (const [n, expected] of [[1], [100, ['TOO_LARGE']], [2], [100, ['TOO_LARGE']], [undefined]] as const)
    expect(await codes(varied, { n })).toEqual(expected)
  const fixed = `query ($id: ID!, $also: ID!) { conversation(id: $id) { ${nested(['100', '100'])} } node(id: $also) { id } }`
  for (const also of [id, 'nothing', id]) expect(await codes(fixed, { also })).toEqual(['TOO_LARGE'])
})
