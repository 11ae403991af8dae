import { readFile, truncate, writeFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { chosenSeed, Random } from '../../test/support/random.ts'
import { event, exportFrom, fill, importInto, Place } from '../../test/support/transfers.ts'
import { keepsOnlyNewest } from '../domain/streams.ts'
import { pendingImport } from './pendingImport.ts'

const opened = async (): Promise<Place> => {
  const place = await Place.open()
  onTestFinished(() => place[Symbol.asyncDispose]())
  return place
}

async function filled(groups = 40, seed = chosenSeed()): Promise<Place> {
  console.info(`SEED=${seed}`)
  const place = await opened()
  await fill(place.store, new Random(seed), groups)
  return place
}

const bytesOf = async (path: string): Promise<string> => (await readFile(path)).toString('latin1')

test('export, import and export again give the same bytes, whatever the log holds', { timeout: 60_000 }, async () => {
  const seed = chosenSeed()
  for (let round = 0; round < 5; round += 1) {
    const from = await filled(10 + round * 20, seed + round)
    const to = await opened()
    const exported = await exportFrom(from, from.file)
    const imported = await importInto(to, from.file, { atOnce: round % 2 === 0 ? 64 : 1 })
    expect(imported).toEqual({ events: exported.events, before: 0 })
    await exportFrom(to, to.file)
    expect(await bytesOf(to.file)).toBe(await bytesOf(from.file))
  }
})

test('ids, order, times and bodies are those of the other log, and the revisions of streams that keep everything', async () => {
  const [from, to] = [await filled(), await opened()]
  await exportFrom(from, from.file)
  await importInto(to, from.file)
  const seen = async (place: Place) =>
    (await place.all()).map(({ position: _, revision, ...rest }) =>
      keepsOnlyNewest(rest.stream) ? rest : { ...rest, revision },
    )
  expect(await seen(to)).toEqual(await seen(from))
  expect((await seen(to)).length).toBeGreaterThan(20)
})

test('an export that was cut off anywhere goes on where it ends, and is as if it had not been', {
  timeout: 60_000,
}, async () => {
  const from = await filled()
  await exportFrom(from, from.file)
  const whole = await readFile(from.file)
  const random = new Random(chosenSeed())
  const lengths = [
    0,
    1,
    30,
    whole.length - 1,
    whole.length,
    ...Array.from({ length: 25 }, () => random.between(0, whole.length)),
  ]
  for (const length of lengths) {
    await writeFile(from.file, whole.subarray(0, length))
    const marks: unknown[] = []
    await exportFrom(from, from.file, { after: (mark) => marks.push(mark) })
    expect(Buffer.compare(await readFile(from.file), whole), `cut at ${length}`).toBe(0)
    // It is read on from there, not from the beginning.
    if (length === whole.length) expect(marks).toEqual([expect.objectContaining({ revision: expect.any(Number) })])
  }
})

test('a complete export is brought up to date with what was appended since', async () => {
  const from = await filled()
  const first = await exportFrom(from, from.file)
  await from.store.append('room-new', [event(), event()], 'none')
  await from.store.append('presence-1', [event()], 'any')
  const second = await exportFrom(from, from.file)
  expect(second.before).toBeGreaterThan(0)
  expect(second.events).toBeGreaterThan(first.events)
  const to = await opened()
  await importInto(to, from.file)
  expect((await to.all()).map(({ id }) => id)).toEqual((await from.all()).map(({ id }) => id))
})

test('an import that was stopped anywhere goes on where the log ends', { timeout: 60_000 }, async () => {
  const from = await filled(60)
  const { events } = await exportFrom(from, from.file)
  const to = await opened()
  let before = 0
  for (const stopAt of [1, 12, 13, 40, 41]) {
    const stop = new AbortController()
    const stopped = importInto(to, from.file, {
      atOnce: 1,
      signal: stop.signal,
      onProgress: (step, done) => {
        if (step === 'append' && done >= stopAt) stop.abort(new Error('stopped'))
      },
    })
    await expect(stopped).rejects.toThrow('stopped')
    const there = (await to.all()).length
    expect(there).toBeGreaterThan(before)
    before = there
    expect(await pendingImport(await to.documents())).toMatch(/^[0-9a-f]{64}$/)
  }
  expect(await importInto(to, from.file)).toEqual({ events, before })
  expect(await pendingImport(await to.documents())).toBeUndefined()
  expect(await importInto(to, from.file)).toEqual({ events, before: events })
  await exportFrom(to, to.file)
  expect(await bytesOf(to.file)).toBe(await bytesOf(from.file))
})

test('ERASE: what is deleted or superseded while the export goes on, or between its parts, does not stay in the file', async () => {
  const from = await opened()
  const deleted = event({ body: { text: 'deleted while it went on' } })
  const later = event({ body: { text: 'deleted between two parts' } })
  await from.store.append('room-a', [deleted, event(), later], 'none')
  await from.store.append('presence-1', [event({ body: { text: 'superseded' } })], 'none')
  await from.store.append('room-a', [event()], 'exists')
  const deletion = (...forgets: string[]) => event({ type: 'MessageDeleted', data: { forgets } })
  await exportFrom(from, from.file, {
    meanwhile: async (part) => {
      if (part > 0) return
      await from.store.append('room-a', [deletion(deleted.id)], 'exists')
      await from.store.append('presence-1', [event({ body: { text: 'newest' } })], 'exists')
    },
  })
  // The page had been read before; what was appended is in the next part.
  await exportFrom(from, from.file)
  const first = await readFile(from.file, 'utf8')
  for (const gone of ['deleted while it went on', 'superseded']) expect(first).not.toContain(gone)
  expect(first).toContain('deleted between two parts')
  await from.store.append('room-a', [deletion(later.id)], 'exists')
  await exportFrom(from, from.file)
  expect(await readFile(from.file, 'utf8')).not.toContain('deleted between two parts')
  const to = await opened()
  await importInto(to, from.file)
  const bodies = (await to.all()).map(({ body }) => body?.text)
  expect(bodies.filter((text) => text === 'newest')).toHaveLength(1)
  expect(bodies.filter((text) => text === undefined)).toHaveLength(2)
})

test('a damaged event goes along without its contents, at its revision', async () => {
  const from = await opened()
  const { DatabaseSync } = await import('node:sqlite')
  await from.store.append('room-a', [event(), event(), event()], 'none')
  using database = new DatabaseSync(`${from.folder}/log.db`)
  database.exec("UPDATE events SET data = '{' WHERE revision = 1")
  await exportFrom(from, from.file)
  const to = await opened()
  expect(await importInto(to, from.file)).toEqual({ events: 3, before: 0 })
  expect((await to.all()).map(({ revision, data }) => [revision, data])).toEqual([
    [0, { number: 1 }],
    [1, {}],
    [2, { number: 1 }],
  ])
})

test('an empty log makes an empty export, which can be imported', async () => {
  const [from, to] = [await opened(), await opened()]
  expect(await exportFrom(from, from.file)).toMatchObject({ events: 0 })
  expect(await importInto(to, from.file)).toEqual({ events: 0, before: 0 })
})

test('a file that is cut off is not imported, wherever it was cut', { timeout: 60_000 }, async () => {
  const [from, to] = [await filled(15), await opened()]
  await exportFrom(from, from.file)
  const whole = await readFile(from.file)
  for (let length = 0; length < whole.length - 1; length += 61) {
    await writeFile(to.file, whole.subarray(0, length))
    await expect(importInto(to, to.file), `cut at ${length}`).rejects.toThrow(/cut off|is no export of Parley/)
  }
  expect(await to.all()).toEqual([])
})

test('a file in which any byte was changed is not imported', { timeout: 60_000 }, async () => {
  const [from, to] = [await filled(15), await opened()]
  await exportFrom(from, from.file)
  const whole = await readFile(from.file)
  const random = new Random(chosenSeed())
  for (let round = 0; round < 80; round += 1) {
    const changed = Buffer.from(whole)
    const at = random.between(0, whole.length - 2)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.between(0, 7))
    await writeFile(to.file, changed)
    await expect(importInto(to, to.file), `byte ${at}`).rejects.toMatchObject({ name: 'CannotTransfer' })
  }
  expect(await to.all()).toEqual([])
})

test.each([
  ['an empty file', '', /cut off/],
  ['a picture', '\u0089PNG\n\u0000', /is no export of Parley, or its beginning is missing/],
  ['a later part of an export', '{"id":"00000000-0000-4000-8000-000000000000"}\n', /its beginning is missing/],
  ['a newer format', '{"format":"parley-log","version":2}\n', /newer Parley \(format 2; this one knows 1\)/],
  [
    'a line that is none',
    '{"format":"parley-log","version":1}\nx\n',
    /Line 2 of .* is damaged. It is no JSON object\./,
  ],
])('%s is refused with a sentence that says so', async (_, text, sentence) => {
  const to = await opened()
  await writeFile(to.file, text)
  await expect(importInto(to, to.file)).rejects.toThrow(sentence)
})

test('a hole in a stream is found by its revisions', async () => {
  const [from, to] = [await opened(), await opened()]
  await from.store.append('room-a', [event(), event(), event()], 'none')
  await exportFrom(from, from.file)
  const lines = (await readFile(from.file, 'utf8')).split('\n')
  await writeFile(to.file, lines.toSpliced(2, 1).join('\n'))
  await expect(importInto(to, to.file)).rejects.toThrow(
    /Line 3 of .* It is revision 2 of room-a, and revision 1 should come here/,
  )
})

test('a log that is not empty takes no import, and is left as it was', async () => {
  const [from, to] = [await filled(10), await opened()]
  await exportFrom(from, from.file)
  await to.store.append('room-mine', [event()], 'none')
  await expect(importInto(to, from.file)).rejects.toThrow(/Import into an empty log only/)
  expect(await to.all()).toHaveLength(1)
  expect(await pendingImport(await to.documents())).toBeUndefined()
})

test('the unfinished import of one file is not gone on with by another, nor a log that was used since', async () => {
  const [from, other, to] = [await filled(30, 1), await filled(30, 2), await opened()]
  await exportFrom(from, from.file)
  await exportFrom(other, other.file)
  const stop = new AbortController()
  const onProgress = (step: string) => void (step === 'append' && stop.abort(new Error('stopped')))
  await expect(importInto(to, from.file, { atOnce: 1, signal: stop.signal, onProgress })).rejects.toThrow('stopped')
  await expect(importInto(to, other.file)).rejects.toThrow(/a part of another file/)
  await importInto(to, from.file)
  await to.store.append('room-new', [event()], 'none')
  await expect(importInto(to, from.file)).rejects.toThrow(/it has been used since/)
})

test('what another program writes meanwhile is noticed', async () => {
  const [from, to] = [await filled(30), await opened()]
  await exportFrom(from, from.file)
  let meddled = false
  const meddle = (step: string) => {
    if (step === 'append' && !meddled) void to.store.append('room-x', [event()], 'any')
    meddled = true
  }
  await expect(importInto(to, from.file, { atOnce: 1, onProgress: meddle })).rejects.toThrow(/Something else wr/)
  expect(await pendingImport(await to.documents())).toBeDefined()
})

test('the export of one log is not gone on with by another, nor any other file touched', async () => {
  const [from, other] = [await filled(10, 1), await filled(10, 2)]
  await exportFrom(from, from.file)
  const before = await bytesOf(from.file)
  await expect(exportFrom(other, from.file)).rejects.toThrow(/exported from another log/)
  expect(await bytesOf(from.file)).toBe(before)
  for (const text of ['my diary', 'my diary\nof years\n']) {
    await writeFile(other.file, text)
    await expect(exportFrom(other, other.file)).rejects.toThrow(/is no export of Parley/)
    expect(await readFile(other.file, 'utf8')).toBe(text)
  }
  await truncate(from.file, 200)
  await writeFile(from.file, `${await readFile(from.file, 'utf8')}\n`)
  await expect(exportFrom(from, from.file)).rejects.toThrow(/Line 2 of .* is damaged/)
})
