// What whoever runs a server asks of its command line: the same with the server running and stopped.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { createRoom, guest, registered, send } from '../support/client.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

interface Findings {
  readonly findings: readonly { readonly level: string; readonly what: string; readonly detail: string }[]
}

const doctor = async (folder: string, env = {}) => {
  const { code, stdout } = await parley(['doctor', '--data', folder, '--json'], env)
  // What the doctor prints.
  const { findings } = JSON.parse(stdout) as Findings
  const of = (what: string) => findings.find((finding) => finding.what === what)
  return { code, findings, of }
}

test('events are counted by type and by category, with the server running and without', async () => {
  const folder = await newFolder()
  const server = await startTestServer({ folder })
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea Time')
  for (const text of ['one', 'two', 'three']) await send(ada, room.id, text)
  const running = await parley(['events', 'stats', '--data', folder, '--json'])
  await server[Symbol.asyncDispose]()
  const stopped = await parley(['events', 'stats', '--data', folder, '--json'])
  expect([running.code, stopped.code]).toEqual([0, 0])
  const counted = JSON.parse(running.stdout)
  expect(counted.types).toContainEqual({ type: 'MessageSent', events: 3, bytes: expect.any(Number) })
  expect(counted.categories).toContainEqual({ category: 'user', streams: 1, events: 1, bytes: expect.any(Number) })
  for (const part of [counted.types, counted.categories])
    expect(part.reduce((sum: number, { events }: { events: number }) => sum + events, 0)).toBe(counted.events)
  expect(counted.first <= counted.last).toBe(true)
  // Stopping may write a snapshot, never an event.
  expect(JSON.parse(stopped.stdout)).toEqual(counted)
  const { stdout } = await parley(['events', 'stats', '--data', folder])
  expect(stdout).toMatch(/^\d+ events, [\d,]+ bytes, from .* to .*\n\ntype +events +bytes\n/)
  await rm(folder, { recursive: true })
})

test('the doctor looks at a folder that is not there yet, at a running server and at a stopped one', async () => {
  const folder = await newFolder()
  const before = await doctor(join(folder, 'new'))
  expect([before.code, before.of('log')?.detail]).toEqual([0, 'none yet: it is made at the first start'])
  const server = await startTestServer({ folder })
  await guest(server.graphql)
  const running = await doctor(folder)
  await server[Symbol.asyncDispose]()
  const stopped = await doctor(folder)
  for (const { code, findings, of } of [running, stopped]) {
    expect([code, findings.filter(({ level }) => level === 'problem')]).toEqual([0, []])
    expect(of('log')?.detail).toBe('it can be read, and takes appends')
    expect(of('read models')?.level).toBe('ok')
    expect(of('parked documents')?.detail).toBe('none')
  }
  expect(running.of('server')?.detail).toBe(`it runs, as process ${process.pid}`)
  expect(stopped.of('server')?.detail).toBe('none runs')
  await rm(folder, { recursive: true })
})

test('the doctor finds damage, read models of another log and wrong settings, and ends with 1', async () => {
  const folder = await newFolder()
  await (await startTestServer({ folder }))[Symbol.asyncDispose]()
  using documents = new DatabaseSync(join(folder, 'documents.db'))
  documents.exec(
    "UPDATE records SET value = json_set(value, '$.anchor.id', '00000000-0000-4000-8000-000000000000') WHERE key = 'projections/checkpoint'",
  )
  documents.close()
  const foreign = await doctor(folder)
  expect([foreign.code, foreign.of('read models')?.level]).toEqual([1, 'problem'])
  expect(foreign.of('read models')?.detail).toContain('another log')

  await truncate(join(folder, 'log.db'), 6_000)
  const damaged = await doctor(folder)
  expect(damaged.code).toBe(1)
  expect(damaged.findings.filter(({ level }) => level === 'problem').map(({ what }) => what)).toEqual(['file'])

  const wrong = await doctor(folder, { PARLEY_PORT: 'x', PARLEY_GUESTS: 'perhaps' })
  expect([wrong.code, wrong.findings.filter(({ what }) => what === 'settings').length]).toEqual([1, 2])
  await rm(folder, { recursive: true })
})

test('a mistyped folder is told, and none is made', async () => {
  const parent = await newFolder()
  const folder = join(parent, 'mistyped')
  const verbs = [
    ['projections', 'verify', '--all'],
    ['projections', 'list'],
    ['projections', 'rebuild', '--all'],
    ['user', 'list'],
    ['user', 'disable', 'ada'],
    ['room', 'list'],
    ['events', 'stats'],
    ['events', 'cat'],
  ]
  for (const verb of verbs) {
    const stderr = `There is no log in ${folder}. Name the folder of the server with --data.\n`
    expect([verb, await parley([...verb, '--data', folder])]).toEqual([verb, { code: 1, stdout: '', stderr }])
    expect(existsSync(folder)).toBe(false)
  }
  // Accounts and rooms can be made before the first start.
  expect(await parley(['room', 'create', 'Tea', '--data', folder])).toMatchObject({ code: 0 })
  await rm(parent, { recursive: true })
})

test('settings are printed with where they come from, and secrets are not', async () => {
  const folder = await newFolder()
  await writeFile(join(folder, 'parley.json'), '{"sessionDays": 3}')
  const env = { PARLEY_PORT: '5000', PARLEY_FILES: '/srv/hidden', PARLEY_PROT: '1' }
  const { code, stdout, stderr } = await parley(['config', 'print', '--data', folder], env)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^PARLEY_PORT +5000 +PARLEY_PORT$/m)
  expect(stdout).toMatch(/^PARLEY_SESSION_DAYS +3 +sessionDays in .*parley\.json$/m)
  expect(stdout).toMatch(/^PARLEY_GUESTS +on +default$/m)
  expect(stdout).toMatch(/^PARLEY_FILES +\(hidden\) +PARLEY_FILES$/m)
  expect(stdout).not.toContain('/srv/hidden')
  expect(stderr).toContain('Did you mean PARLEY_PORT?')
  const json = await parley(['config', 'print', '--data', folder, '--json'], env)
  expect(JSON.parse(json.stdout).settings).toContainEqual({
    setting: 'port',
    variable: 'PARLEY_PORT',
    value: 5000,
    from: 'environment',
    source: 'PARLEY_PORT',
  })
  await rm(folder, { recursive: true })
})

test('a check of the settings tells all that is wrong at once, and ends with 2', async () => {
  const folder = await newFolder()
  expect(await parley(['config', 'check', '--data', folder])).toMatchObject({
    code: 0,
    stdout: 'The settings are right.\n',
  })
  const env = { PARLEY_PORT: 'x', PARLEY_REGISTRATION: 'invite', PARLEY_PROT: '1' }
  const wrong = await parley(['config', 'check', '--data', folder], env)
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toContain('PARLEY_PORT must be a whole number')
  expect(wrong.stderr).toContain('PARLEY_REGISTRATION cannot be invite until there are invitation links')
  const warning = 'PARLEY_PROT is no setting and does nothing. Did you mean PARLEY_PORT?'
  expect(wrong.stderr.split('\n')).toContain(warning)
  const json = await parley(['config', 'check', '--data', folder, '--json'], env)
  expect(JSON.parse(json.stdout)).toMatchObject({
    problems: [expect.any(String), expect.any(String)],
    warnings: [warning],
  })

  const list = join(folder, 'documents.json')
  const query = '{ server { nothing } }'
  const hash = createHash('sha256').update(query).digest('hex')
  await writeFile(list, JSON.stringify({ [hash]: query }))
  const listed = await parley(['config', 'check', '--data', folder], { PARLEY_DOCUMENT_ALLOWLIST: list })
  expect(listed.code).toBe(2)
  expect(listed.stderr).toContain(`the document ${hash} is not valid: Cannot query field "nothing"`)
  const start = await parley(['start', '--data', folder, '--port', '0'], { PARLEY_DOCUMENT_ALLOWLIST: list })
  expect([start.code, start.stderr]).toEqual([2, listed.stderr])
  await rm(folder, { recursive: true })
})
