import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { lookAtClock, lookAtFolder, lookAtNode, lookAtOpenFiles } from './machine.ts'

const folder = (): string => mkdtempSync(path.join(tmpdir(), 'parley-doctor-'))

test.each([
  [{ node: '26.10.0', sqlite: '3.53.4' }, ['ok', 'ok']],
  [{ node: '26.0.0', sqlite: '3.51.3' }, ['ok', 'ok']],
  [{ node: '24.1.0', sqlite: '3.51.2' }, ['problem', 'problem']],
  [{ node: '27.0.0', sqlite: '3.50.9' }, ['ok', 'problem']],
  [{ node: '26.10.0' }, ['ok', 'problem']],
])('of the versions %j', (versions, levels) => {
  expect(lookAtNode(versions).map(({ level }) => level)).toEqual(levels)
})

test('this machine runs Parley', () => {
  expect(lookAtNode().map(({ level }) => level)).toEqual(['ok', 'ok'])
})

test('a folder that others can read, that belongs to somebody else, or is a file', () => {
  const data = folder()
  const uid = process.getuid?.() ?? 0
  const levelOf = (at: string, as = uid) => lookAtFolder(at, as).find(({ what }) => what === 'data folder')
  expect(levelOf(data)).toEqual({ level: 'ok', what: 'data folder', detail: data })
  expect(levelOf(data, uid + 1)).toMatchObject({
    level: 'warning',
    detail: expect.stringContaining('belongs to the user'),
  })
  chmodSync(data, 0o755)
  expect(levelOf(data)).toMatchObject({ level: 'warning', advice: `chmod 700 ${data}` })
  expect(levelOf(path.join(data, 'not', 'yet'))).toMatchObject({
    level: 'ok',
    detail: expect.stringContaining('first start'),
  })
  const file = path.join(data, 'file')
  writeFileSync(file, '', { mode: 0o700 })
  expect(levelOf(file)).toMatchObject({ level: 'problem', detail: `${file} is no folder` })
})

test('room and inodes are counted where the folder lies', () => {
  expect(lookAtFolder(folder()).map(({ what }) => what)).toEqual(['data folder', 'disk space', 'inodes'])
})

test('few open files are a warning, very few a problem', () => {
  expect(lookAtOpenFiles(100).level).toBe('problem')
  expect(lookAtOpenFiles(1_024).level).toBe('warning')
  expect(lookAtOpenFiles(1_048_576).level).toBe('ok')
  expect(lookAtOpenFiles().what).toBe('open files')
})

test('a clock that is behind the log, or years behind, is noticed', () => {
  const now = Date.UTC(2026, 10, 21)
  expect(lookAtClock(now, undefined).level).toBe('ok')
  expect(lookAtClock(now, '2026-11-20T23:59:59.000Z').level).toBe('ok')
  expect(lookAtClock(now, '2026-11-21T01:00:00.000Z').level).toBe('warning')
  expect(lookAtClock(0, undefined).level).toBe('problem')
})
