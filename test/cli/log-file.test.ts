import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { guest } from '../support/client.ts'
import { startServerProcess, startTestServer } from '../support/testServer.ts'

test.skipIf(process.platform === 'win32')('a hang-up begins the log file anew, and the server goes on', async () => {
  await using free = await startTestServer()
  const file = join(free.folder, 'log', 'parley.log')
  await using server = await startServerProcess({ env: { PARLEY_LOG_FILE: file, PARLEY_LOG_LEVEL: 'debug' } })
  const { token = '' } = await guest(server.graphql, 'Ada')
  await expect.poll(() => readFile(file, 'utf8')).toContain('Request answered.')
  await rename(file, `${file}.1`)
  server.child.kill('SIGHUP')
  await expect.poll(() => readFile(file, 'utf8').catch(() => undefined)).toBeDefined()
  await guest(server.graphql, 'Bob')
  await expect.poll(() => readFile(file, 'utf8')).toContain('Request answered.')
  expect(await server.stop()).toBe(0)
  const written = (await readFile(`${file}.1`, 'utf8')) + (await readFile(file, 'utf8'))
  for (const line of written.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) })
  expect(written).toContain('"msg":"Stopping."')
  // Neither who people are nor what they sign in with, nor the link that makes an owner.
  for (const secret of [token, 'Ada', 'Bob', '#token=']) expect(written).not.toContain(secret)
})

test.skipIf(process.platform === 'win32')(
  'without a log file a hang-up stops the server, as a terminal that closes does',
  async () => {
    await using server = await startServerProcess()
    const ended = new Promise((resolve) => server.child.once('exit', resolve))
    server.child.kill('SIGHUP')
    expect(await ended).toBe(0)
  },
)

test('a log file that cannot be opened is told at the start', async () => {
  await using server = await startTestServer()
  const started = await parley(['start', '--data', join(server.folder, 'other'), '--port', '0'], {
    PARLEY_LOG_FILE: server.folder,
  })
  expect(started).toMatchObject({ code: 2, stdout: '' })
  expect(started.stderr).toMatch(/^PARLEY_LOG_FILE: .* cannot be opened \(EISDIR.*Correct the path or its rights\.\n$/)
})
