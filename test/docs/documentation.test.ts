import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
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
import { createRoom, type Data, guest, join as joinRoom, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'
import { blocks, page } from './snippets.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
/** Machines of tests are slow. */
const patience = { timeout: 20_000 }

test("the README's conversation with curl goes as it stands", async () => {
  await using server = await startTestServer()
  const [, conversation, follow] = blocks('README.md', 'sh')
  // A feed has no end of its own.
  const script = `${conversation}\n${follow?.trim().replace('curl', 'timeout 3 curl')} || true`.replaceAll(
    'http://127.0.0.1:4000',
    server.url,
  )
  const { stdout } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', script])
  expect(stdout).toContain('{"data":{"joinRoom":{"room":{"name":"General","memberCount":1}}}}')
  expect(stdout).toContain('{"data":{"sendMessage":{"duplicate":false,"message":{"number":1,"text":"Hello!"}}}}')
  expect(stdout).toContain('{"number":1,"text":"Hello!","author":{"displayName":"Ada"}}')
  expect(stdout).toMatch(
    /event: next\ndata: \{"data":\{"conversationFeed":\{"cursor":"[\w-]{47}","caughtUp":true,"events":\[\]\}\}[,}]/,
  )
})

test("the guide's client follows a room, and goes on where it was when the server is back", async () => {
  const folder = await newFolder()
  let server = await startTestServer({ folder })
  try {
    // The guide begins now, before anything has been sent; what follows comes by the cursor.
    const ada = await registered(server.graphql, 'ada')
    const room = await createRoom(ada, 'Tea Time')
    const bob = await guest(server.graphql)
    const [snippet = ''] = blocks('docs/guide/getting-started.md', 'js')
    const code = snippet.replace(/^import .*$/m, '').replace('ws://127.0.0.1:4000', server.ws)
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
    const program = new AsyncFunction('createClient', 'token', 'id', 'show', 'pause', 'console', 'process', code)
    const shown: number[] = []
    let frames = 0
    const show = async (events: readonly { readonly revision: number }[]) => {
      shown.push(...events.map(({ revision }) => revision))
      frames++
    }
    const paused = () => new Promise((resolve) => setTimeout(resolve, 50))
    const said: string[] = []
    const ownConsole = { error: (sentence: string) => said.push(sentence) }
    const ownProcess: { exitCode?: number } = {}
    const watching = program(createClient, ada.token, room.id, show, paused, ownConsole, ownProcess) as Promise<void>
    await expect.poll(() => frames, patience).toBeGreaterThan(0)
    await joinRoom(bob, room.id)
    await send(ada, room.id, 'Hello')
    await expect.poll(() => shown, patience).toEqual([2, 3])
    // The connection is lost; what was shown does not come again.
    await server[Symbol.asyncDispose]()
    server = await startTestServer({ folder, env: { PARLEY_PORT: new URL(server.url).port } })
    await send(ada, room.id, 'Hello again')
    await expect.poll(() => shown, patience).toEqual([2, 3, 4])
    // The reader's right to read ends, and with it the program.
    await mutate(ada, 'updateRoom', { roomId: room.id, visibility: 'PRIVATE' })
    await mutate(ada, 'setMemberRole', { roomId: room.id, userId: bob.userId, role: 'OWNER' })
    await mutate(ada, 'leaveRoom', { roomId: room.id })
    await watching
    expect(said).toEqual([expect.stringMatching(/^It is over: \w.+/)])
    expect(ownProcess.exitCode).toBe(1)
    expect(shown).toEqual([2, 3, 4, 5, 6, 7])
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})

test("the guide's program of two people runs as it stands, and again", async () => {
  await using server = await startTestServer()
  const [, ...parts] = blocks('docs/guide/getting-started.md', 'js')
  const program = parts.join('').replace('http://127.0.0.1:4000', server.url)
  const said = [
    'dave DMSent Tea?',
    'dave InvitationReceived ',
    'dave is invited to Kitchen',
    'dave ConversationAdded ',
    'dave MessageSent Welcome',
    'dave reads [{"number":2,"text":"Welcome"}]',
    'carol and dave are there',
  ]
  expect(await talk(program)).toEqual(['dave ConversationAdded ', ...said])
  expect(await talk(program)).toEqual(said)
})

/** Runs a program as a file in the folder of Parley would run. @returns the lines that it prints */
async function talk(program: string): Promise<readonly string[]> {
  const running = run(process.execPath, ['--input-type=module'], { cwd: root, timeout: 60_000 })
  running.child.stdin?.end(program)
  return (await running).stdout.trimEnd().split('\n')
}

test('nothing is missing between the page and the feed of the guide', async () => {
  await using server = await startTestServer()
  const ada = await guest(server.graphql)
  const { room } = await ada.query('{ room(slug: "general") { id } }')
  await joinRoom(ada, room.id)
  await send(ada, room.id, 'before')
  const [pageOf = '', follow = ''] = blocks('docs/guide/feeds.md', 'graphql')
  const { conversation } = await ada.query(pageOf, { id: room.id })
  await send(ada, room.id, 'between')
  const socket = ada.socket()
  const texts = new Map<string, string>()
  const keep = (message: Data | undefined) => void (message && texts.set(message.id, message.text))
  conversation.messages.nodes.forEach(keep)
  const variables = { id: room.id, after: conversation.feedCursor }
  for await (const { data } of socket.iterate<Data>({ query: follow, variables })) {
    for (const { message } of data?.conversationFeed.events ?? []) keep(message)
    if (data?.conversationFeed.caughtUp) break
  }
  expect([...texts.values()]).toEqual(['before', 'between'])
  await socket.dispose()
})

test.for(['docs/guide/getting-started.md', 'docs/guide/feeds.md'])('the GraphQL in %s is valid', (path) => {
  const documents = blocks(path, 'graphql')
  expect(documents.length).toBeGreaterThan(0)
  for (const document of documents) expect(validate(schema, parse(document))).toEqual([])
})

test('the verbs for accounts work, one after the other', async () => {
  await using server = await startTestServer()
  const verbs = [...page('docs/guide/permissions.md').matchAll(/^\| `npx parley (user .*?)` \|/gm)].map(
    ([, verb]) => verb,
  )
  expect(verbs).toHaveLength(6)
  // What is talk goes to stderr, what is data to stdout. A verb that fails rejects.
  for (const verb of ['user create eve', ...verbs, 'user create olga --role owner']) {
    const { stdout, stderr } = await parley(verb ?? '', server.folder)
    expect.soft(stdout + stderr, verb).toMatch(/ada|eve|olga/)
  }
  expect((await parley('user list', server.folder)).stdout).toMatch(/ada +admin.*eve +member.*olga +owner/s)
})

/** Runs a verb of the command line, with a password piped in. */
function parley(line: string, folder: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain)
  const running = run(process.execPath, [join(root, 'bin/parley.js'), ...words, '--data', folder])
  running.child.stdin?.end('two for tea, tea for two\n')
  return running
}

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
  await using server = await startTestServer()
  const { stdout } = await parley(line, server.folder)
  expect(stdout).not.toBe('')
})

test("the guide's exports, imports and backups work, one after the other", { timeout: 60_000 }, async () => {
  const folder = await newFolder()
  const server = await startTestServer({ folder: join(folder, 'data') })
  try {
    await registered(server.graphql, 'ada')
    const verbs = blocks('docs/guide/moving-and-backups.md', 'sh').join('\n')
    const script = verbs.replaceAll('npx parley', `'${process.execPath}' '${join(root, 'bin/parley.js')}'`)
    const { stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd: folder })
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^\d+ events, [\d,]+ bytes in .*chat\.jsonl$/),
      expect.stringMatching(/^\d+ events imported and compared$/),
      ...Array(5).fill(expect.stringMatching(/^\d+ events, \d files?, [\d,]+ bytes, of \S+, in \S+$/)),
    ])
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/guide/getting-started.md',
  'docs/guide/feeds.md',
  'docs/guide/sdk.md',
  'docs/guide/permissions.md',
  'docs/guide/operating.md',
  'docs/guide/cluster.md',
  'docs/guide/moving-and-backups.md',
  'docs/guide/guarantees.md',
  'docs/reference/websocket-protocol.md',
  ...['apollo', 'event-source', 'graphql-ws', 'relay', 'urql'].map((example) => `examples/${example}/README.md`),
]

test.for(pages)('every link in %s leads somewhere', (path) => {
  for (const [, target = '', heading] of page(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#([^)]*))?\)/g)) {
    const file = join(dirname(path), target)
    expect.soft(existsSync(join(root, file)), target).toBe(true)
    if (heading !== undefined) expect.soft(headings(file), `${target}#${heading}`).toContain(heading)
  }
})

/** The headings of a page, as links name them. */
const headings = (path: string): readonly string[] =>
  [...page(path).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )

test('what the README promises is what the guide explains, and each promise names tests that carry its name', () => {
  const promised = [...page('README.md').matchAll(/^\| \[([A-Z]+)\]/gm)].map(([, name]) => name)
  const sections = page('docs/guide/guarantees.md').split(/^### /m).slice(1)
  expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(promised)
  for (const section of sections) {
    const [name] = section.split('\n', 1)
    const files = [...section.matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, file = '']) => file)
    expect(files.length, name).toBeGreaterThan(0)
    for (const file of files) expect.soft(page(file), `${name} in ${file}`).toMatch(new RegExp(`\\b${name}\\b`))
  }
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
