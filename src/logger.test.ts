import { mkdtempSync, readFileSync, renameSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

/** Collects what is written. */
function sink(isTTY = false) {
  const stream = Object.assign(new PassThrough(), { isTTY })
  return { stream, text: () => String(stream.read() ?? '') }
}

test('lines are JSON where there is no terminal, with the level as a word', async () => {
  const { stream, text } = sink()
  const logger = await createLogger({ config: { logLevel: 'info' }, stream })
  logger.debug('too small')
  logger.info({ room: 'General' }, 'made')
  const line: unknown = JSON.parse(text())
  expect(line).toMatchObject({
    level: 'info',
    room: 'General',
    msg: 'made',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  })
})

test('on a terminal they are for people, and NO_COLOR is kept', async () => {
  const bright = sink(true)
  ;(await createLogger({ config: { logLevel: 'info' }, stream: bright.stream, env: {} })).info('made')
  const plain = sink(true)
  ;(await createLogger({ config: { logLevel: 'info' }, stream: plain.stream, env: { NO_COLOR: '1' } })).info('made')
  expect(bright.text()).toContain('\u001b[')
  const line = plain.text()
  expect(line).toMatch(/INFO.*: made/)
  expect(line).not.toContain('\u001b[')
})

test('what must not be logged is hidden, in the file as well', async () => {
  const { stream, text } = sink()
  const logFile = path.join(mkdtempSync(path.join(tmpdir(), 'parley-log-')), 'deep', 'parley.log')
  const logger = await createLogger({ config: { logLevel: 'info', logFormat: 'json', logFile }, stream })
  const secret = 'hunter2'
  logger.info(
    {
      token: secret,
      request: { headers: { authorization: secret }, password: secret },
      event: { body: { text: secret } },
    },
    'x',
  )
  const line = text()
  for (const written of [line, readFileSync(logFile, 'utf8')]) {
    expect(written).toContain('[hidden]')
    expect(written).not.toContain(secret)
  }
})

const fileIn = () => path.join(mkdtempSync(path.join(tmpdir(), 'parley-log-')), 'parley.log')

test('the file is for its owner alone, has JSON whatever the terminal shows, and is begun anew when it was moved away', async () => {
  const { stream } = sink(true)
  const logFile = fileIn()
  let reopen = () => {}
  const onFile = (given: () => void) => {
    reopen = given
  }
  const logger = await createLogger({ config: { logLevel: 'info', logFile }, stream, onFile })
  logger.info('first')
  expect(statSync(logFile).mode & 0o777).toBe(0o600)
  renameSync(logFile, `${logFile}.1`)
  logger.info('second')
  reopen()
  logger.info('third')
  const messages = (file: string) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg)
  expect(messages(`${logFile}.1`)).toEqual(['first', 'second'])
  expect(messages(logFile)).toEqual(['third'])
})

test('a file that cannot be opened is a wrong setting', async () => {
  const { stream } = sink()
  const logFile = path.join(import.meta.dirname, 'logger.ts', 'parley.log')
  await expect(createLogger({ config: { logLevel: 'info', logFile }, stream })).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/^PARLEY_LOG_FILE: .*parley\.log cannot be opened \(.*\)\. Correct/),
  })
})

test.runIf(process.platform === 'linux')('a disk that is full is told once, and stops nothing', async () => {
  let lines = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines += chunk
      done()
    },
  })
  const logger = await createLogger({ config: { logLevel: 'info', logFile: '/dev/full' }, stream })
  for (let n = 0; n < 5_000; n++) logger.info({ filling: 'x'.repeat(500) }, `line ${n}`)
  expect(lines).toContain('line 4999')
  expect(lines.match(/cannot be written \(ENOSPC/g)).toHaveLength(1)
})
