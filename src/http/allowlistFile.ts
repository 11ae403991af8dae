// The file that lists the documents that may be executed: a manifest of persisted documents, or plain GraphQL.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type DocumentNode, type GraphQLSchema, parse, print, separateOperations } from 'graphql'
import { ConfigError } from '../config.ts'
import { AllowedDocuments } from './allowedDocuments.ts'
import { Documents } from './documents.ts'
import { defaultLimits } from './limits.ts'

interface Entry {
  /** How it is called in sentences. */
  readonly name: string
  readonly id: string
  readonly source: string
}

/**
 * A name that ends in `.graphql` or `.gql` is taken for a document with any number of named operations, each of which may be
 * sent together with the fragments that it uses. Any other is a JSON object from hash to document, as GraphQL Code
 * Generator's `persistedDocuments` writes it. A hash of 64 hexadecimal digits must be the SHA-256 of its document; other ids
 * are taken as they are.
 *
 * @throws {ConfigError} with everything that is wrong with it
 */
export function loadAllowlist(file: string, schema: GraphQLSchema): AllowedDocuments {
  const entries = /\.(graphql|gql)$/i.test(file) ? entriesOfDocument(file) : entriesOfManifest(file)
  if (entries.length === 0) throw wrong(file, 'lists no document, so that nothing could be asked of the server')
  const judge = new Documents({ schema, limits: defaultLimits, introspection: false })
  const problems: string[] = []
  const documents: { id: string; source: string; document: DocumentNode }[] = []
  for (const { name, id, source } of entries) {
    const judged = judge.judge(source)
    if ('errors' in judged)
      problems.push(`${name} is not valid: ${judged.errors.map(({ message }) => message).join(' ')}`)
    else documents.push({ id, source, document: judged.document })
    if (/^[0-9a-f]{64}$/.test(id) && id !== sha256(source))
      problems.push(`the hash ${id} is not that of its document, whose SHA-256 is ${sha256(source)}`)
  }
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => sentence(file, `: ${problem}`)))
  return new AllowedDocuments(documents)
}

function entriesOfManifest(file: string): readonly Entry[] {
  let content: unknown
  const text = textOf(file)
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw wrong(file, `holds no JSON (${reasonOf(error)}). Name a file of plain GraphQL so that it ends in .graphql`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw wrong(file, 'must hold one JSON object, from the hash of each document to the document')
  return Object.entries(content).map(([key, source]) => {
    const id = key.replace(/^sha256:/, '')
    if (typeof source !== 'string') throw wrong(file, `has no text for the document ${key}`)
    return { name: `the document ${key}`, id, source }
  })
}

function entriesOfDocument(file: string): readonly Entry[] {
  const text = textOf(file)
  let document: DocumentNode
  try {
    document = parse(text)
  } catch (error) {
    throw wrong(file, `holds no GraphQL (${reasonOf(error)})`)
  }
  const operations = document.definitions.filter(({ kind }) => kind === 'OperationDefinition')
  const separate = Object.entries(separateOperations(document))
  if (separate.length < operations.length || (operations.length > 1 && separate.some(([name]) => name === '')))
    throw wrong(file, 'has operations of the same name, or several of which one has none: give each a name of its own')
  return separate.map(([name, operation]) => {
    const source = print(operation)
    return { name: name === '' ? 'its operation' : `the operation ${name}`, id: sha256(source), source }
  })
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(file, `cannot be read (${reasonOf(error)}). Correct the path or its rights`)
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const sentence = (file: string, text: string): string =>
  `PARLEY_DOCUMENT_ALLOWLIST: ${file}${text.startsWith(':') ? '' : ' '}${text}`.replace(/\.*$/, '.')

const wrong = (file: string, text: string): ConfigError => new ConfigError([sentence(file, text)])

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
