import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
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
