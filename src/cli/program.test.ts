import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type ControlHandlers, ControlServer } from './control.ts'

const main = path.join(import.meta.dirname, '..', 'main.ts')
const folder = () => mkdtempSync(path.join(tmpdir(), 'parley-cli-'))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line in a process of its own. `onLine`: called when something is on stdout. */
async function parley(
  args: readonly string[],
  onOutput?: (kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder(), stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    onOutput?.((signal) => child.kill(signal))
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stdout, stderr }
}

/** A folder on which something answers as a running server does. */
async function running(handlers: ControlHandlers): Promise<string> {
  const data = folder()
  const server = await ControlServer.listen(data, async () => handlers)
  onTestFinished(() => server.close())
  return data
}

const event = {
  stream: 'room-1',
  revision: 3,
  position: '0007',
  id: 'e1',
  type: 'MessageSent',
  data: { number: 1 },
  body: { text: 'a\u009b2J\u202eb\nc' },
  metadata: { actor: 'user_1', occurredAt: '2026-01-01T00:00:00.000Z' },
}

test('help is on stdout and shows examples', async () => {
  const { code, stdout, stderr } = await parley(['projections', 'verify', '--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('Examples:\n  parley projections verify rooms messages')
})

test.each([
  [['evnts'], 'Did you mean events?'],
  [['start', '--port', 'x'], '--port must be a whole number'],
  [['events', 'cat', '--limit', '0'], 'whole number from 1'],
  [['events', 'cat', '--stream', 'a', '--conversation', 'b'], 'cannot be used with'],
  [['projections', 'rebuild'], 'Give the names of projections, or --all'],
  [['projections', 'rebuild', 'rooms', '--all'], 'either names or --all'],
])('wrong use is told on stderr: %j', async (args, sentence) => {
  const { code, stdout, stderr } = await parley(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(sentence)
})

test('what needs a server says so when none runs', async () => {
  const data = folder()
  const { code, stdout, stderr } = await parley(['events', 'tail', '--data', data])
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toContain(`No server runs on ${data}.`)
})

const listed = {
  name: 'rooms',
  version: 2,
  state: 'live',
  position: '0042',
  lagEvents: 0,
  lagSeconds: 0,
  documents: 1234,
  parked: 0,
}

test('projections are listed as a table, or as JSON', async () => {
  const data = await running({ 'projections.list': async () => ({ projections: [listed] }) })
  const { code, stdout } = await parley(['projections', 'list', '--data', data])
  expect(code).toBe(0)
  expect(stdout).toBe(
    'name   version  state  position  lag events  lag s  documents  parked\nrooms        2  live   0042               0      0      1,234       0\n',
  )
  const json = await parley(['projections', 'list', '--data', data, '--json'])
  expect(JSON.parse(json.stdout)).toEqual({ projections: [listed] })
})

test('a verification with differences ends with 5 and says where', async () => {
  const asked: unknown[] = []
  const data = await running({
    'projections.verify': async (params, emit) => {
      asked.push(params)
      await emit({ done: 1, total: 2 })
      const projections = [
        { name: 'rooms', compared: 5, differences: 0 },
        { name: 'users', compared: 7, differences: 1, examples: ['user_1'] },
      ]
      return { projections }
    },
  })
  const { code, stdout, stderr } = await parley(['projections', 'verify', '--all', '--data', data])
  expect(code).toBe(5)
  expect(asked).toEqual([{ all: true }])
  expect(stdout.split('\n')[2]).toMatch(/^users +7 +1$/)
  expect(stderr).toContain('users differs at: user_1')
  expect(stderr).toContain('parley projections rebuild users')
})

test('a rebuild names what was rebuilt', async () => {
  const asked: unknown[] = []
  const data = await running({
    'projections.rebuild': async (params) => {
      asked.push(params)
      return { projections: [{ name: 'rooms', events: 10, documents: 2, seconds: 0.5 }] }
    },
  })
  const { code, stdout } = await parley(['projections', 'rebuild', 'rooms', '--data', data])
  expect({ code, asked }).toEqual({ code: 0, asked: [{ names: ['rooms'] }] })
  expect(stdout).toContain('rooms      10          2      0.5')
})

test('an event is one line that cannot upset a terminal, or its envelope', async () => {
  const asked: unknown[] = []
  const data = await running({
    'events.read': async (params, emit) => {
      asked.push(params)
      await emit({ events: [event] })
      return {}
    },
  })
  const { code, stdout } = await parley(['events', 'cat', '--conversation', 'general', '--limit', '5', '--data', data])
  expect({ code, asked }).toEqual({ code: 0, asked: [{ conversation: 'general', limit: 5 }] })
  expect(stdout).toBe(
    '2026-01-01T00:00:00.000Z  room-1  3  MessageSent  user_1  {"number":1}  {"text":"a\\u009b2J\\u202eb\\nc"}\n',
  )
  const json = await parley(['events', 'cat', '--json', '--data', data])
  expect(JSON.parse(json.stdout)).toEqual(event)
})

test('following goes on until Ctrl-C, which is no failure', async () => {
  const data = await running({
    'events.read': async (_, emit, signal) => {
      await emit({ events: [event] })
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return {}
    },
  })
  const { code, stdout } = await parley(['events', 'tail', '--json', '--data', data], (kill) => kill('SIGINT'))
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual(event)
})

test('what fails on the server is told in its own words', async () => {
  const data = await running({
    'projections.list': async () => {
      throw new Error('The read models are being moved. Try again later.')
    },
  })
  const { code, stdout, stderr } = await parley(['projections', 'list', '--data', data])
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: 'The read models are being moved. Try again later.\n',
  })
})
