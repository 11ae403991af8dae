import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CannotOpen, StoreUnavailable } from '../../src/eventstore/port.ts'
import { lockFolder } from '../../src/eventstore/sqlite/lock.ts'
import { isOlder } from '../../src/eventstore/sqlite/schema.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-open-'))
})
afterEach(() => rm(folder, { recursive: true }))

const openLog = (options: { folder?: string; readOnly?: boolean } = {}) =>
  openSqliteEventStore({ folder, keepsOnlyNewest: () => false, ...options })

async function refusal(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(String, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(CannotOpen)
  return String(error)
}

/** A log with 300 events. */
async function filled(): Promise<void> {
  const store = await openLog()
  const text = 'x'.repeat(300)
  const event = () => ({ id: crypto.randomUUID(), type: 'MessageSent', data: {}, body: { text }, metadata: {} })
  await store.append('room-1', Array.from({ length: 300 }, event), 'none')
  await store.close()
}

test('a folder that cannot be made is refused with its name', async () => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  expect(await refusal(openLog({ folder: join(file, 'data') }))).toMatch(/file\/data cannot be made .* --data/)
  expect(await refusal(openLog({ folder: file }))).toMatch(/--data/)
  expect(await refusal(lockFolder(file))).toMatch(/cannot be locked .* --data/)
})

test('a log in a place where no file can be made is refused with what to do', async () => {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(folder, 'log.db'))
  expect(await refusal(openLog())).toMatch(/log\.db cannot be opened for writing .* --data/)
})

test('a folder in use names the process that has it, and is free again when that one is killed', async () => {
  const script = `
    import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, '../../src/eventstore/sqlite/lock.ts'))}
    await lockFolder(${JSON.stringify(folder)})
    console.log('held')
    setInterval(() => undefined, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(await refusal(lockFolder(folder))).toContain(`in use by the process ${child.pid}.`)
  expect(await refusal(lockFolder(folder))).toContain(`in use by the process ${child.pid}.`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await lockFolder(folder)
  expect(await refusal(lockFolder(folder))).toContain(`in use by the process ${process.pid}.`)
  await lock.release()
  await lock.release()
  await (await lockFolder(folder)).release()
})

test('a log of a newer version is refused', async () => {
  await filled()
  const database = new DatabaseSync(join(folder, 'log.db'))
  database.exec('PRAGMA user_version = 99')
  database.close()
  expect(await refusal(openLog())).toMatch(/newer Parley \(schema 99/)
})

test('a database of another program is refused and left alone', async () => {
  const database = new DatabaseSync(join(folder, 'log.db'))
  database.exec('CREATE TABLE theirs (x)')
  expect(await refusal(openLog())).toMatch(/is no log of Parley/)
  expect(database.prepare('SELECT name FROM sqlite_schema').all()).toMatchObject([{ name: 'theirs' }])
  database.close()
})

test.each([
  ['overwritten from the start', 0, 100],
  ['overwritten in the middle', 40_000, 30_000],
])('a file that was %s is refused as damaged', async (_, offset, length) => {
  await filled()
  const file = await open(join(folder, 'log.db'), 'r+')
  await file.write(Buffer.alloc(length, 0xa5), 0, length, offset)
  await file.close()
  expect(await refusal(openLog())).toMatch(/log\.db is damaged .* Restore a backup/)
})

test('an event whose JSON is damaged is delivered as such, and the others are not disturbed', async () => {
  await filled()
  const database = new DatabaseSync(join(folder, 'log.db'))
  database.exec(
    `UPDATE events SET data = '{"cut off' WHERE revision = 1; UPDATE events SET data = '[]' WHERE revision = 2`,
  )
  database.close()
  const store = await openLog()
  for await (const [first, second, third, fourth] of store.readStream('room-1', { limit: 4 })) {
    expect([first?.damaged, fourth?.damaged]).toEqual([undefined, undefined])
    for (const event of [second, third])
      expect(event).toMatchObject({ stream: 'room-1', damaged: expect.any(String), data: {} })
    expect(second?.body).toBeUndefined()
  }
  await store.close()
})

test('an SQLite that can damage the log is known by its version', () => {
  expect(isOlder('3.51.2', [3, 51, 3])).toBe(true)
  expect(isOlder('3.9.0', [3, 51, 3])).toBe(true)
  expect(isOlder('3.51.3', [3, 51, 3])).toBe(false)
  expect(isOlder('4.0.0', [3, 51, 3])).toBe(false)
})

test('a tool beside a running server reads and follows, but cannot write', async () => {
  expect(await refusal(openLog({ readOnly: true }))).toMatch(/log\.db/)
  const server = await openLog()
  const tool = await openLog({ readOnly: true })
  const deliveries = tool.subscribe({ after: await tool.end() })[Symbol.asyncIterator]()
  await deliveries.next()
  const waiting = deliveries.next()
  const event = { id: crypto.randomUUID(), type: 'UserLeft', data: {}, metadata: {} }
  await server.append('room-1', [event], 'none')
  expect((await waiting).value?.events).toMatchObject([event])
  expect(await tool.head('room-1')).toMatchObject({ id: event.id })
  await expect(tool.append('room-1', [event], 'any')).rejects.toThrow(StoreUnavailable)
  await expect(tool.forget([event.id])).rejects.toThrow(StoreUnavailable)
  await tool.close()
  await server.close()
})
