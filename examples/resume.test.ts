// The examples as a person runs them, each a process of its own: whatever is cut, every message is shown once, in order.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test, vi } from 'vitest'
import { blocks } from '../test/docs/snippets.ts'
import { ApiClient, createRoom, guest, registered, send } from '../test/support/client.ts'
import { chosenSeed, Random } from '../test/support/random.ts'
import { TcpProxy } from '../test/support/tcpProxy.ts'
import { newFolder, startTestServer } from '../test/support/testServer.ts'
import { install } from './installed.ts'

const examples = ['graphql-ws', 'apollo', 'urql', 'relay', 'event-source']
const here = fileURLToPath(new URL('.', import.meta.url))
/** An EventSource waits 3 s before it comes back. */
const patience = { timeout: 60_000, interval: 50 }

const filesOf = (example: string): readonly string[] =>
  readdirSync(path.join(here, example))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(here, example, file), 'utf8'))

beforeAll(() => {
  for (const example of examples) install(path.join(here, example))
}, 600_000)

/** An example that runs. */
class Running implements AsyncDisposable {
  readonly #child: ChildProcess
  #shown = ''
  #said = ''

  constructor(example: string, env: Readonly<Record<string, string>>) {
    const folder = path.join(here, example)
    const { scripts } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    const [node, ...args] = scripts.start.split(' ')
    expect(node).toBe('node')
    this.#child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } })
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#shown += text
    })
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#said += text
    })
  }

  get texts(): readonly string[] {
    return this.#shown
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(line.indexOf(': ') + 2))
  }

  get said(): string {
    return this.#said
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async following(): Promise<void> {
    await vi.waitFor(() => expect(this.#said).toContain('Following'), patience)
  }

  /** Its exit code, once it has ended by itself. */
  async ended(): Promise<number | null> {
    await vi.waitFor(() => expect(this.#child.exitCode).not.toBeNull(), patience)
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'close')
  }
}

for (const example of examples)
  test.concurrent(`RESUME: the example ${example} shows everything once and in order`, {
    timeout: 180_000,
  }, async () => {
    const seed = chosenSeed()
    const random = new Random(seed)
    const [folder, cursors] = [await newFolder(), await mkdtemp(path.join(tmpdir(), 'parley-example-'))]
    await using proxy = await TcpProxy.start()
    let server = await startTestServer({ folder })
    try {
      const url = proxy.to(server.url)
      const ada = await registered(server.graphql, 'ada')
      const { id, slug } = await createRoom(ada, 'Tea')
      const env = { PARLEY_URL: url, PARLEY_ROOM: slug, PARLEY_CURSORS: cursors }
      const sent: string[] = []
      const say = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n++) {
          sent.push(`message ${sent.length + 1}`)
          await send(new ApiClient(server.graphql, ada.token), id, sent.at(-1) ?? '')
        }
      }
      {
        await using running = new Running(example, env)
        await running.following()
        running.type('typed here')
        await vi.waitFor(() => expect(running.texts).toEqual(['typed here']), patience)
        sent.push('typed here')
        await say(5)
        await vi.waitFor(() => expect(running.texts).toEqual(sent), patience)
        // While it is away, and while it comes back.
        for (let cut = 0; cut < 2; cut++) {
          proxy.cut()
          await say(random.between(1, 10))
          await sleep(random.between(0, 1_500))
          await say(random.between(1, 10))
        }
        await vi.waitFor(() => expect(running.texts.length).toBeGreaterThanOrEqual(sent.length), patience)
        expect(running.texts, `seed ${seed}`).toEqual(sent)
        // The server starts again, on the same folder.
        const { port } = new URL(server.url)
        await server[Symbol.asyncDispose]()
        server = await startTestServer({ folder, env: { PARLEY_PORT: port } })
        await say(3)
        await vi.waitFor(() => expect(running.texts.length).toBeGreaterThanOrEqual(sent.length), patience)
        expect(running.texts, `seed ${seed}: ${running.said}`).toEqual(sent)
      }
      // And the example itself.
      const before = sent.length
      await say(2)
      await using again = new Running(example, env)
      await again.following()
      await say(2)
      await vi.waitFor(() => expect(again.texts.length).toBeGreaterThanOrEqual(4), patience)
      expect(again.texts, `seed ${seed}: ${again.said}`).toEqual(sent.slice(before))
    } finally {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
      await rm(cursors, { recursive: true, force: true })
    }
  })

for (const example of examples)
  test.concurrent(`the example ${example} ends when its session does`, { timeout: 60_000 }, async () => {
    const cursors = await mkdtemp(path.join(tmpdir(), 'parley-example-'))
    await using server = await startTestServer()
    const bob = await guest(server.graphql)
    const env = { PARLEY_URL: server.url, PARLEY_TOKEN: bob.token ?? '', PARLEY_CURSORS: cursors }
    await using running = new Running(example, env)
    await running.following()
    running.type('here')
    await vi.waitFor(() => expect(running.texts).toEqual(['here']), patience)
    await bob.command('mutation { logout { ... on LogoutPayload { position } } }')
    expect(await running.ended()).toBe(1)
    expect(running.said).toMatch(/^It is over: .+$/m)
    expect(running.said).not.toMatch(/CloseEvent|^ +at /m)
    await rm(cursors, { recursive: true, force: true })
  })

for (const example of examples)
  test.concurrent(`the example ${example} asks for the server where there is none`, { timeout: 60_000 }, async () => {
    // Nothing listens on port 2.
    await using running = new Running(example, { PARLEY_URL: 'http://127.0.0.1:2/' })
    expect(await running.ended()).toBe(1)
    expect(running.said).toContain('It is over: nobody answers. Is Parley running at http://127.0.0.1:2/graphql?\n')
    expect(running.said).not.toMatch(/^ +at /m)
  })

test('the frames of the examples are made once for everybody who follows the same room', async () => {
  await using server = await startTestServer()
  const ada = await guest(server.graphql)
  const { room } = await ada.query('{ room(slug: "general") { id } }')
  const socket = ada.socket()
  for (const example of examples) {
    const [query] = filesOf(example).flatMap((code) => code.match(/subscription Follow[^`]*/) ?? [])
    expect(query).toBeDefined()
    for await (const { extensions } of socket.iterate({ query: query ?? '', variables: { id: room.id } })) {
      expect([example, extensions]).toEqual([example, { parley: { shared: true } }])
      break
    }
  }
  await socket.dispose()
})

test('what the pages show of the examples is what runs', () => {
  for (const example of examples) {
    const code = filesOf(example)
    const shown = blocks(`examples/${example}/README.md`, 'ts')
    expect(shown).toHaveLength(1)
    for (const block of shown) expect(code.some((file) => file.includes(block))).toBe(true)
  }
})

test('what the examples say of their types is so', { timeout: 180_000 }, async () => {
  const compiler = path.join(here, '..', 'node_modules', 'typescript', 'bin', 'tsc')
  const checking = spawn(process.execPath, [compiler, '--noEmit', '-p', here])
  let told = ''
  checking.stdout.on('data', (text: Buffer) => {
    told += text
  })
  await once(checking, 'close')
  expect(told).toBe('')
})
