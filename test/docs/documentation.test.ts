import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse, validate } from 'graphql'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { commandRate } from '../../src/accounts/rates.ts'
import { tooManyOfAccount } from '../../src/http/accountConnections.ts'
import { defaultLimits } from '../../src/http/limits.ts'
import { createRoom, guest, join as joinRoom, registered, send } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'
import { blocks, page } from './snippets.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

test("the README's conversation with curl goes as it stands", async () => {
  await using server = await startTestServer()
  const [, conversation, follow] = blocks('README.md', 'sh')
  // A feed has no end of its own.
  const script = `${conversation}\n${follow?.trim().replace('curl', 'timeout 3 curl')} || true`.replaceAll(
    'http://127.0.0.1:4000',
    server.url,
  )
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script])
  expect(stdout).toContain('{"data":{"joinRoom":{"room":{"name":"General","memberCount":1}}}}')
  expect(stdout).toContain('{"data":{"sendMessage":{"duplicate":false,"message":{"number":1,"text":"Hello!"}}}}')
  expect(stdout).toContain('{"number":1,"text":"Hello!","author":{"displayName":"Ada"}}')
  expect(stdout).toMatch(
    /event: next\ndata: \{"data":\{"conversationFeed":\{"cursor":"[\w-]{47}","caughtUp":true,"events":\[\]\}\}\}/,
  )
})

test("the guide's client follows a room, and goes on where it was", async () => {
  await using server = await startTestServer()
  // The guide begins now, before anything has been sent; what follows comes by the cursor.
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea Time')
  const bob = await guest(server.graphql)
  const [snippet = ''] = blocks('docs/guide/getting-started.md', 'ts')
  const code = stripTypeScriptTypes(
    snippet.replace(/^import .*$/m, '').replace('ws://127.0.0.1:4000/graphql', server.ws),
  )
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
  const program = new AsyncFunction('createClient', 'token', 'id', 'show', 'pause', code)
  const shown: number[] = []
  const enough = new Error('enough')
  let frames = 0
  const show = async (events: readonly { readonly revision: number }[]) => {
    shown.push(...events.map(({ revision }) => revision))
    frames++
    if (frames === 1) await joinRoom(bob, room.id)
  }
  const watching = program(createClient, ada.token, room.id, show, () => Promise.reject(enough)) as Promise<never>
  await expect.poll(() => frames).toBeGreaterThan(0)
  await send(ada, room.id, 'Hello')
  await expect.poll(() => shown).toEqual([2, 3])
  await server[Symbol.asyncDispose]()
  // The connection is lost: the guide's client pauses, and would go on from its cursor.
  await expect(watching).rejects.toBe(enough)
})

test('the GraphQL in the guide is valid', () => {
  const documents = blocks('docs/guide/getting-started.md', 'graphql')
  expect(documents.length).toBeGreaterThan(0)
  for (const document of documents) expect(validate(schema, parse(document))).toEqual([])
})

test.for([
  'user list',
  'projections list',
  'projections verify --all',
  'projections rebuild --all',
  'events cat --conversation general',
  'events stats',
  'config print',
  'config check',
  'doctor',
  'room create "Tea Time"',
  'room list --all',
])('the guide\'s "npx parley %s" works', async (line) => {
  expect(`${page('docs/guide/getting-started.md')} ${page('docs/guide/operating.md')}`).toContain(`npx parley ${line}`)
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain)
  await using server = await startTestServer()
  const { stdout } = await run(process.execPath, [join(root, 'src/main.ts'), ...words, '--data', server.folder])
  expect(stdout).not.toBe('')
})

test.for([
  'README.md',
  'CONTRIBUTING.md',
  'docs/guide/getting-started.md',
  'docs/guide/operating.md',
  'docs/guide/guarantees.md',
])('every link in %s leads somewhere', (path) => {
  for (const [, target = ''] of page(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
    expect.soft(existsSync(join(root, dirname(path), target)), target).toBe(true)
})

test("the guide's limits are those of the server", () => {
  const text = page('docs/guide/operating.md')
  const { documentTokens, documentDepth, documentAliases, documentFields, rootFields } = defaultLimits
  const shown = (count: number) => count.toLocaleString('en-US')
  expect(text).toContain(
    `${shown(documentTokens)} tokens, ${documentDepth} levels, ${documentAliases} aliases, ${shown(documentFields)} fields, ${rootFields} root fields`,
  )
  expect(text).toContain(`| ${shown(defaultLimits.operationObjects)} objects`)
  expect(text).toContain(`| subscriptions of a socket | ${defaultLimits.subscriptionsPerSocket}:`)
  expect(text).toContain(`| ${defaultLimits.connectionsPerAccount}, of a guest ${defaultLimits.connectionsPerGuest}:`)
  expect(text).toContain(`| the same of a server | ${shown(defaultLimits.connections)}:`)
  expect(text).toContain(`closed with ${tooManyOfAccount} |`)
  expect(text).toContain(`| ${commandRate.count} a second, ${commandRate.burst} at once:`)
})
