// What the clients, the examples and the guides subscribe to is served together with all who ask the same.

import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { Sharing } from '../../src/http/sharing.ts'

/** GraphQL in a file: all of it, or what stands between back-ticks and in the code blocks of a page. */
function documentsIn(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.graphql')) return [text]
  const blocks = file.endsWith('.md') ? /```graphql\n([\s\S]*?)```/g : /`([^`]*)`/g
  // What is put in is asked for elsewhere.
  return [...text.matchAll(blocks)]
    .flatMap(([, block]) => block?.replace(/\$\{[^}]*\}/g, '__typename') ?? [])
    .filter((block) => /^\s*subscription\b.*\{/.test(block))
}

const files: string[] = []
for await (const file of glob(['clients/**/*.{ts,graphql}', 'examples/**/*.ts', 'docs/guide/*.md', 'README.md'], {
  exclude: (name) => name.endsWith('node_modules') || name.endsWith('generated'),
}))
  files.push(file)

const isSubscription = (definition: { readonly kind: Kind }): definition is OperationDefinitionNode =>
  definition.kind === Kind.OPERATION_DEFINITION &&
  'operation' in definition &&
  definition.operation === OperationTypeNode.SUBSCRIPTION

const found = files.sort().flatMap((file) =>
  documentsIn(file).flatMap((source) => {
    const document = parse(source)
    return document.definitions
      .filter(isSubscription)
      .map(({ name }) => ({ file, operation: name?.value ?? '', document }))
  }),
)

test('there are such documents', () => {
  expect(found.map(({ file }) => file)).toEqual(
    expect.arrayContaining(['clients/sdk/documents.graphql', 'docs/guide/feeds.md', 'examples/graphql-ws/main.ts']),
  )
})

test.each(found)('$file: $operation', ({ document, operation }) => {
  const sharing = new Sharing(schema)
  expect(sharing.saidOf({ document, operationName: operation })).toEqual({ shared: true })
  expect(sharing.groupOf({ document, operationName: operation, variableValues: {} })?.lasting).toBe(true)
})
