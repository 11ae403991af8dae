import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ControlError, type ControlHandlers, ControlServer, callControl } from './control.ts'
import { controlPath } from './controlPath.ts'
import { maxLineBytes } from './jsonLines.ts'

const folder = () => mkdtempSync(path.join(tmpdir(), 'parley-control-'))

async function serve(data: string, handlers: ControlHandlers): Promise<ControlServer> {
  const server = await ControlServer.listen(data, async () => handlers)
  onTestFinished(() => server.close())
  return server
}

/** A socket file as a killed server leaves it. */
function leaveStaleSocket(data: string): void {
  const script = `require('net').createServer().listen(${JSON.stringify(controlPath(data))}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
}

test('a call brings its progress in order, then its result', async () => {
  const data = folder()
  await serve(data, {
    count: async (params, emit) => {
      for (let i = 1; i <= 3; i++) await emit({ i })
      return { params }
    },
  })
  const seen: unknown[] = []
  const answer = await callControl(
    data,
    'count',
    { to: 'drei\n' },
    { onProgress: (progress) => void seen.push(progress) },
  )
  expect(answer).toEqual({ result: { params: { to: 'drei\n' } } })
  expect(seen).toEqual([{ i: 1 }, { i: 2 }, { i: 3 }])
})

test('an error reaches the caller by name and message', async () => {
  const data = folder()
  await serve(data, {
    fail: async () => {
      throw new RangeError('Too far. Go back.')
    },
  })
  const failure = await callControl(data, 'fail', {}).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ControlError)
  expect(failure).toMatchObject({ kind: 'RangeError', message: 'Too far. Go back.' })
  await expect(callControl(data, 'toString', {})).rejects.toThrow('does not know toString')
})

test('without a server, a call says so: no folder, no socket, or one that a killed server left', async () => {
  const data = folder()
  expect(await callControl(path.join(data, 'absent'), 'x', {})).toBe('not running')
  expect(await callControl(data, 'x', {})).toBe('not running')
  leaveStaleSocket(data)
  expect(existsSync(controlPath(data))).toBe(true)
  expect(await callControl(data, 'x', {})).toBe('not running')
})

test('a stale socket is replaced, a living one is not', async () => {
  const data = folder()
  leaveStaleSocket(data)
  await serve(data, { who: async () => 'first' })
  await expect(ControlServer.listen(data, async () => ({}))).rejects.toThrow('EADDRINUSE')
  expect(await callControl(data, 'who', {})).toEqual({ result: 'first' })
})

test('a file of that name that is no socket is left alone', async () => {
  const data = folder()
  writeFileSync(controlPath(data), 'mine')
  await expect(ControlServer.listen(data, async () => ({}))).rejects.toThrow('EADDRINUSE')
  expect(existsSync(controlPath(data))).toBe(true)
})

test('only the same user can connect, and the socket goes with the server', async () => {
  const data = folder()
  const server = await ControlServer.listen(data, async () => ({}))
  expect(statSync(controlPath(data)).mode & 0o777).toBe(0o600)
  await server.close()
  expect(existsSync(controlPath(data))).toBe(false)
})

test('a data folder with a long path has a socket as well', async () => {
  const data = path.join(folder(), 'x'.repeat(120))
  mkdirSync(data)
  await serve(data, { ping: async () => 'pong' })
  expect(await callControl(data, 'ping', {})).toEqual({ result: 'pong' })
})

test('a caller that gives up, and one that vanishes, end the work', async () => {
  const data = folder()
  let ended = 0
  const begun = Promise.withResolvers<void>()
  await serve(data, {
    wait: async (_, emit, signal) => {
      await emit({ begun: true })
      begun.resolve()
      await once(signal, 'abort')
      ended += 1
    },
  })
  const giveUp = new AbortController()
  const call = callControl(data, 'wait', {}, { signal: giveUp.signal, onProgress: () => giveUp.abort() })
  await expect(call).rejects.toThrow('aborted')
  await expect.poll(() => ended).toBe(1)

  const socket = connect(controlPath(data))
  socket.write('{"method":"wait"}\n')
  await once(socket, 'data')
  socket.destroy()
  await expect.poll(() => ended).toBe(2)
})

test('a server that stops ends the calls under way', async () => {
  const data = folder()
  const server = await serve(data, {
    wait: async (_, emit, signal) => {
      await emit({})
      await once(signal, 'abort')
      throw new Error('The server stops.')
    },
  })
  const call = callControl(data, 'wait', {}, { onProgress: () => void server.close() })
  await expect(call).rejects.toThrow('The server stops.')
})

test('a line without end is not collected', async () => {
  const data = folder()
  await serve(data, {})
  const socket = connect(controlPath(data))
  socket.on('error', () => {})
  const gone = once(socket, 'close')
  const answered = once(socket, 'data')
  const chunk = Buffer.alloc(65_536, 'x')
  for (let sent = 0; sent <= maxLineBytes && !socket.destroyed; sent += chunk.length)
    await new Promise<void>((resolve) => socket.write(chunk, () => resolve()))
  await Promise.race([answered, gone])
  socket.end()
  await gone
})

test('a slow reader is waited for', async () => {
  const data = folder()
  let sent = 0
  const pages = 200
  await serve(data, {
    pages: async (_, emit) => {
      for (; sent < pages; sent++) await emit({ page: 'x'.repeat(65_536) })
      return sent
    },
  })
  let seen = 0
  let ahead = 0
  const answer = await callControl(
    data,
    'pages',
    {},
    {
      onProgress: async () => {
        seen += 1
        if (seen < 10) await new Promise((resolve) => setTimeout(resolve, 10))
        if (seen === 9) ahead = sent
      },
    },
  )
  expect(answer).toEqual({ result: pages })
  expect(seen).toBe(pages)
  expect(ahead).toBeLessThan(pages)
})
