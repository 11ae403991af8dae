import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { textsIn } from '../../test/support/traces.ts'
import { event, never, Place } from '../../test/support/transfers.ts'
import { keepsOnlyNewest } from '../domain/streams.ts'
import { openSqliteEventStore } from '../eventstore/sqlite/store.ts'
import { lookThrough } from './copiedLog.ts'
import { createBackup } from './create.ts'
import { type BackedUpFile, readManifest } from './manifest.ts'
import { restoreBackup } from './restore.ts'
import { verifyBackup } from './verify.ts'

/** A data folder with a log that is open, attachments, a secret and settings. */
async function living(): Promise<Place> {
  const place = await Place.open()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const { folder, store } = place
  await store.append('room-a', [event(), event(), event({ body: { text: 'kept' } })], 'none')
  await store.append('presence-1', [event()], 'none')
  for (const name of ['files/a/b', 'secrets']) await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, 'files/a/b/picture'), Buffer.alloc(3_000_000, 7))
  await writeFile(join(folder, 'secrets/token'), 'hush')
  await writeFile(join(folder, 'parley.json'), '{"sessionDays": 3}')
  return place
}

const backUp = ({ folder }: Place, target = join(folder, 'backup')) =>
  createBackup({
    ...{ data: folder, files: join(folder, 'files'), target, signal: never, onProgress: () => {} },
    ...{ parley: '1.2.3', now: Date.UTC(2026, 0, 1) },
  })

const verify = (folder: string) => verifyBackup({ folder, signal: never, onProgress: () => {} })

const restore = (folder: string, data: string) =>
  restoreBackup({ folder, data, files: join(data, 'files'), signal: never, onProgress: () => {} })

const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true })).sort()

test('a backup holds what cannot be made again, and no read models; restored, it is the same', async () => {
  const place = await living()
  await (await place.documents()).createCollection('rooms_v1_1')
  const target = join(place.folder, 'backup')
  const manifest = await backUp(place)
  expect(manifest.files.map(({ path }) => path)).toEqual([
    'log.db',
    'parley.json',
    'secrets/token',
    'files/a/b/picture',
  ])
  expect(manifest).toMatchObject({ parley: '1.2.3', createdAt: '2026-01-01T00:00:00.000Z', log: { events: 4 } })
  expect(await verify(target)).toEqual({ manifest, problems: [] })
  // Looking at it has left nothing beside it.
  expect(await namesIn(target)).toEqual([
    'files',
    'files/a',
    'files/a/b',
    'files/a/b/picture',
    'log.db',
    'manifest.json',
    'parley.json',
    'secrets',
    'secrets/token',
  ])
  const data = join(place.folder, 'restored')
  await restore(target, data)
  expect(await lookThrough({ folder: data, signal: never })).toEqual(manifest.log)
  expect((await namesIn(data)).filter((name) => !name.startsWith('log.db-'))).toEqual([
    'files',
    'files/a',
    'files/a/b',
    'files/a/b/picture',
    'log.db',
    'parley.json',
    'secrets',
    'secrets/token',
  ])
  expect(await readFile(join(data, 'files/a/b/picture'))).toEqual(Buffer.alloc(3_000_000, 7))
})

test('a backup of a log that is written to is that of one moment', async () => {
  const place = await living()
  let [writing, appended] = [true, 0]
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    while (writing) {
      await place.store.append(`room-w${writer}`, [event({ body: { text: 'x'.repeat(2_000) } })], 'any')
      appended += 1
    }
  })
  await expect.poll(() => appended).toBeGreaterThan(200)
  const before = await place.store.end()
  const manifest = await backUp(place)
  const during = appended
  await expect.poll(() => appended).toBeGreaterThan(during)
  writing = false
  await Promise.all(writers)
  const { log } = manifest
  expect((log?.end ?? '') >= before).toBe(true)
  expect(log?.events).toBe(Number.parseInt(log?.end ?? '', 16))
  expect((await verify(join(place.folder, 'backup'))).problems).toEqual([])
})

test('ERASE: what was deleted before a backup is not in it, whether it had been forgotten by then or not', async () => {
  const place = await living()
  const texts = ['forgotten-7d1c', 'about-to-be-forgotten-9e2f']
  const events = texts.map((text) => event({ body: { text } }))
  const [first, second] = events.map(({ id }) => id)
  await place.store.append('room-b', events, 'none')
  await place.store.forget([first ?? ''])
  await place.store.append('room-b', [event({ type: 'MessageDeleted', data: { forgets: [second] } })], 'exists')
  const target = join(place.folder, 'backup')
  await backUp(place)
  for (const name of await readdir(target, { recursive: true, withFileTypes: true }))
    if (name.isFile()) expect(textsIn(await readFile(join(name.parentPath, name.name)), texts)).toEqual([])
  expect(textsIn(await readFile(join(target, 'log.db')), ['kept'])).toEqual(['kept'])
  expect((await verify(target)).problems).toEqual([])
})

test('keys are in a backup, as they are at that moment', async () => {
  const place = await living()
  using keys = new DatabaseSync(join(place.folder, 'keys.db'))
  keys.exec("PRAGMA journal_mode = WAL; CREATE TABLE keys (id TEXT, key TEXT); INSERT INTO keys VALUES ('a', 'b')")
  const target = join(place.folder, 'backup')
  expect((await backUp(place)).files.map(({ path }) => path)).toContain('keys.db')
  using copy = new DatabaseSync(join(target, 'keys.db'), { readOnly: true })
  expect(copy.prepare('SELECT * FROM keys').all()).toEqual([{ id: 'a', key: 'b' }])
})

test('a backup that is stopped leaves nothing', async () => {
  const place = await living()
  const target = join(place.folder, 'backup')
  const stop = new AbortController()
  const stopped = createBackup({
    ...{ data: place.folder, files: join(place.folder, 'files'), target, parley: '1', now: 0 },
    signal: stop.signal,
    onProgress: () => {},
  })
  setImmediate(() => stop.abort(new Error('stopped')))
  await expect(stopped).rejects.toThrow('stopped')
  expect(await readdir(place.folder)).not.toContain('backup')
})

test('each kind of damage is found, and nothing of it is restored', async () => {
  const place = await living()
  const whole = join(place.folder, 'backup')
  await backUp(place)
  const bad = join(place.folder, 'bad')
  const changed = async (path: string, change: (bytes: Buffer) => Buffer) => {
    await writeFile(join(bad, path), change(await readFile(join(whole, path))))
  }
  const flipped = (at: number) => (bytes: Buffer) => {
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  }
  // Of the log, with a manifest that agrees with its bytes.
  const swapped = async () => {
    using database = new DatabaseSync(join(bad, 'log.db'))
    database.exec('DELETE FROM events WHERE position = 2')
    database.close()
    const manifest = JSON.parse(await readFile(join(bad, 'manifest.json'), 'utf8'))
    const { knownAs } = await import('./copying.ts')
    const known = await knownAs(join(bad, 'log.db'), never)
    const files = manifest.files.map((file: BackedUpFile) => (file.path === 'log.db' ? { ...file, ...known } : file))
    await writeFile(join(bad, 'manifest.json'), JSON.stringify({ ...manifest, files }))
  }
  const kinds: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => changed('log.db', flipped(9_000)), /log\.db was changed/],
    [() => changed('files/a/b/picture', flipped(2_999_999)), /picture was changed/],
    [() => changed('secrets/token', (bytes) => bytes.subarray(1)), /token has 3 bytes and not 4/],
    [() => rm(join(bad, 'parley.json')), /parley\.json cannot be read/],
    [() => writeFile(join(bad, 'log.db-wal'), 'x'), /log\.db-wal is not in the manifest/],
    [swapped, /log\.db holds 3 events/],
  ]
  for (const [damage, sentence] of kinds) {
    await cp(whole, bad, { recursive: true })
    await damage()
    expect((await verify(bad)).problems.join(), String(sentence)).toMatch(sentence)
    await expect(restore(bad, join(place.folder, 'restored'))).rejects.toThrow(/nothing was restored/)
    await rm(bad, { recursive: true })
  }
  expect(await readdir(place.folder)).not.toContain('restored')
})

test.each([
  ['one without a manifest', undefined, /holds no backup, or one that was not finished/],
  ['a damaged one', '{"format":"parley-backup","version":1', /is damaged: it does not say/],
  ['one of a newer version', '{"format":"parley-backup","version":3}', /newer Parley \(format 3; this one knows 2\)/],
  [
    'one that leads elsewhere',
    JSON.stringify({
      ...{ format: 'parley-backup', version: 1, parley: '1', createdAt: '2026-01-01T00:00:00.000Z' },
      log: { events: 0, end: '', anchor: null },
      files: [{ path: '../../etc/passwd', bytes: 0, sha256: '0'.repeat(64) }],
    }),
    /is damaged: it does not say/,
  ],
])('%s is refused', async (_, manifest, sentence) => {
  const place = await Place.open()
  onTestFinished(() => place[Symbol.asyncDispose]())
  if (manifest !== undefined) await writeFile(join(place.folder, 'manifest.json'), manifest)
  await expect(readManifest(place.folder)).rejects.toThrow(sentence)
})

test('neither a backup nor a restore goes over what is there', async () => {
  const place = await living()
  const target = join(place.folder, 'backup')
  await backUp(place)
  await expect(backUp(place)).rejects.toThrow(/is not empty/)
  await expect(restore(target, place.folder)).rejects.toThrow(/The data folder .* is not empty/)
  await expect(backUp(place, join(place.folder, 'no/such'))).rejects.toThrow(/is not there/)
  await expect(backUp(place, join(place.folder, 'parley.json'))).rejects.toThrow(/is no folder/)
  const unfinished = join(place.folder, 'unfinished')
  await mkdir(join(unfinished, '.restoring'), { recursive: true })
  await writeFile(join(unfinished, '.restoring/log.db'), 'a part')
  await expect(openSqliteEventStore({ folder: unfinished, keepsOnlyNewest })).rejects.toThrow(/restore .* not finished/)
  await restore(target, unfinished)
  expect(await readdir(unfinished)).not.toContain('.restoring')
})
