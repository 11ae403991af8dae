import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildSchema, parse } from 'graphql'
import { expect, test } from 'vitest'
import { ConfigError } from '../config.ts'
import { loadAllowlist } from './allowlistFile.ts'

const schema = buildSchema('type Query { hello(name: String): String! self: Query! } type Mutation { bump: Int! }')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function fileOf(content: unknown, name = 'documents.json'): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'parley-allowlist-')), name)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

function problemsOf(file: string): readonly string[] {
  try {
    loadAllowlist(file, schema)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('a manifest leads from hashes to documents, and white space does not matter', () => {
  const query = 'query Hi { hello }'
  const allowed = loadAllowlist(
    fileOf({ [sha256(query)]: query, 'sha256:x': '{ self { hello } }', sha1: '{ hello }' }),
    schema,
  )
  expect(allowed.sourceOf(sha256(query))).toBe(query)
  expect(allowed.sourceOf(`sha256:${sha256(query)}`)).toBe(query)
  expect(allowed.sourceOf('sha1')).toBe('{ hello }')
  expect(allowed.sourceOf('other')).toBeUndefined()
  expect(allowed.has(parse('query Hi {\n  hello, # so\n}'))).toBe(true)
  for (const other of ['query Ho { hello }', 'query Hi { hello self { hello } }', 'query Hi { hello(name: "x") }'])
    expect(allowed.has(parse(other))).toBe(false)
})

test('each operation of a GraphQL file may be sent with the fragments that it uses, in any order', () => {
  const text =
    'query A { ...F } mutation B { bump } fragment F on Query { hello ...G } fragment G on Query { self { hello } }'
  const allowed = loadAllowlist(fileOf(text, 'documents.graphql'), schema)
  const [f, g] = ['fragment F on Query { hello ...G }', 'fragment G on Query { self { hello } }']
  expect(allowed.has(parse(`${g} ${f} query A { ...F }`))).toBe(true)
  expect(allowed.has(parse('mutation B { bump }'))).toBe(true)
  expect(allowed.has(parse(text))).toBe(false)
  expect(allowed.sourceOf(sha256('mutation B {\n  bump\n}'))).toBe('mutation B {\n  bump\n}')
})

test.each([
  ['no JSON', '{ hello }', 'documents.json', 'holds no JSON'],
  ['a list', ['{ hello }'], 'documents.json', 'must hold one JSON object'],
  ['a document that is no text', { a: 1 }, 'documents.json', 'has no text for the document a'],
  ['nothing', {}, 'documents.json', 'lists no document'],
  ['a syntax error', { a: '{ hello' }, 'documents.json', 'the document a is not valid: Syntax Error'],
  [
    'an unknown field',
    { a: '{ nothing }' },
    'documents.json',
    'the document a is not valid: Cannot query field "nothing"',
  ],
  ['introspection', { a: '{ __schema { types { name } } }' }, 'documents.json', 'introspection'],
  ['a hash of something else', { [sha256('x')]: '{ hello }' }, 'documents.json', sha256('{ hello }')],
  ['no GraphQL', 'query {', 'documents.gql', 'holds no GraphQL'],
  ['operations of one name', 'query A { hello } query A { self { hello } }', 'documents.gql', 'of the same name'],
  ['several without a name', '{ hello } { self { hello } }', 'documents.gql', 'several of which one has none'],
  ['only fragments', 'fragment F on Query { hello }', 'documents.gql', 'lists no document'],
  ['an operation with an unknown field', 'query A { nothing }', 'documents.gql', 'the operation A is not valid'],
])('a file with %s is refused, with its name', (_, content, name, sentence) => {
  const file = fileOf(content, name)
  expect(problemsOf(file)).toEqual([expect.stringContaining(sentence)])
  expect(problemsOf(file)[0]).toMatch(new RegExp(`^PARLEY_DOCUMENT_ALLOWLIST: ${file}`))
})

test('a file that is not there is refused, and everything that is wrong is told at once', () => {
  expect(problemsOf('/nowhere/at/all.json')).toEqual([
    expect.stringMatching(/^PARLEY_DOCUMENT_ALLOWLIST: \/nowhere\/at\/all\.json cannot be read \(ENOENT/),
  ])
  expect(problemsOf(fileOf({ a: '{ nothing }', b: '{ hello', c: '{ hello }' }))).toHaveLength(2)
})
