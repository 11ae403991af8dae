import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

const main = path.join(import.meta.dirname, '..', 'main.ts')

/** Starts a server in a process of its own, on a free port. */
function start(data: string, port = '0') {
  const args = [main, 'start', '--json', '--port', port, '--data', data]
  const child = spawn(process.execPath, args, { cwd: data, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let talk = ''
  child.stderr.on('data', (chunk: Buffer) => {
    talk += chunk.toString()
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const ended = once(child, 'close').then(([code]: unknown[]) => code)
  const ready = once(reader, 'line', { signal: AbortSignal.timeout(20_000) })
  return { child, lines, ended, ready, talk: () => talk }
}

test('start says once where it serves, and a signal that comes twice ends it with 0', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'parley-start-'))
  const server = start(data)
  await server.ready
  const said: unknown = JSON.parse(server.lines[0] ?? '')
  expect(said).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    graphql: expect.stringMatching(/\/graphql$/),
    ws: expect.stringMatching(/^ws:.*\/graphql$/),
    pid: server.child.pid,
  })
  const { url } = said as { readonly url: string } // its shape was just expected
  expect((await fetch(`${url}/livez`)).status).toBe(200)

  const second = start(data)
  second.ready.catch(() => {}) // it never is
  expect(await second.ended).toBe(1)
  expect(second.talk()).toContain(`is in use by the process ${server.child.pid}`)

  const taken = start(mkdtempSync(path.join(tmpdir(), 'parley-start-')), new URL(url).port)
  taken.ready.catch(() => {}) // it never is
  expect(await taken.ended).toBe(1)
  expect(taken.talk()).toMatch(/^Port \d+ on 127\.0\.0\.1 is taken\. .* --port\.$/m)
  // A sentence, not the place in the code.
  expect(taken.talk()).not.toContain('    at ')

  server.child.kill('SIGINT')
  server.child.kill('SIGTERM')
  expect(await server.ended).toBe(0)
  expect(server.lines).toHaveLength(1)
})
