// Disks that fill up while a log is exported, imported or backed up.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import { parley } from '../support/cli.ts'
import { newFolder } from '../support/testServer.ts'
import { event } from '../support/transfers.ts'

const mount = (target: string, options: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', target]).status === 0

const mayMount = await (async () => {
  const target = await newFolder()
  const mounted = mount(target, 'size=1m')
  if (mounted) execFileSync('umount', [target])
  await rm(target, { recursive: true })
  return mounted
})()

let folder = ''
let data = ''
/** A disk of 2 MB; the log has 4. */
let small = ''
beforeEach(async () => {
  folder = await newFolder()
  data = join(folder, 'data')
  small = join(folder, 'small')
  await mkdir(small)
  const store = await openSqliteEventStore({ folder: data, keepsOnlyNewest })
  const events = () => Array.from({ length: 10 }, () => event({ body: { text: 'x'.repeat(4_000) } }))
  await Promise.all(Array.from({ length: 100 }, (_, index) => store.append(`room-${index}`, events(), 'none')))
  await store.close()
  if (mayMount) mount(small, 'size=2m')
})
afterEach(async () => {
  if (mayMount) execFileSync('umount', [small])
  await rm(folder, { recursive: true, force: true })
})

const makeRoom = () => execFileSync('mount', ['-o', 'remount,size=64m', small])
const needs = '(a tmpfs; needs the right to mount)'

test.skipIf(!mayMount)(`an export onto a full disk ${needs} says so, and goes on when there is room`, async () => {
  const whole = join(folder, 'whole.jsonl')
  await parley(['export', whole, '--data', data])
  const file = join(small, 'log.jsonl')
  expect(await parley(['export', file, '--data', data])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `There is no space left for ${file}. Make room, then run the same command again: it goes on where the file ends.\n`,
  })
  makeRoom()
  expect(await parley(['export', file, '--data', data])).toMatchObject({ code: 0 })
  expect(Buffer.compare(await readFile(file), await readFile(whole))).toBe(0)
})

test.skipIf(!mayMount)(`an import onto a full disk ${needs} says so, and goes on when there is room`, async () => {
  const whole = join(folder, 'whole.jsonl')
  await parley(['export', whole, '--data', data])
  const to = join(small, 'data')
  const full = await parley(['import', whole, '--data', to])
  expect(full).toMatchObject({ code: 1, stdout: '' })
  expect(full.stderr).toMatch(/is full\. .*The same command goes on where the log ends/s)
  makeRoom()
  expect(await parley(['import', whole, '--data', to])).toMatchObject({ code: 0 })
  const back = join(folder, 'back.jsonl')
  await parley(['export', back, '--data', to])
  expect(Buffer.compare(await readFile(back), await readFile(whole))).toBe(0)
})

test.skipIf(!mayMount)(
  `a backup onto a full disk, and a restore ${needs}, say so and leave nothing that counts`,
  async () => {
    const target = join(small, 'backup')
    expect(await parley(['backup', 'create', target, '--data', data])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`There is no space left for ${target}.`),
    })
    expect(await readdir(small)).toEqual([])
    const elsewhere = join(folder, 'backup')
    expect(await parley(['backup', 'create', elsewhere, '--data', data])).toMatchObject({ code: 0 })
    const restored = join(small, 'data')
    expect(await parley(['backup', 'restore', elsewhere, '--data', restored])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no space left'),
    })
    makeRoom()
    expect(await parley(['backup', 'restore', elsewhere, '--data', restored])).toMatchObject({ code: 0 })
  },
)

test.skipIf(!mayMount)(`a backup on a disk that cannot be written ${needs} can be verified and restored`, async () => {
  makeRoom()
  const target = join(small, 'backup')
  expect(await parley(['backup', 'create', target, '--data', data])).toMatchObject({ code: 0 })
  execFileSync('mount', ['-o', 'remount,ro', small])
  expect(await parley(['backup', 'verify', target])).toMatchObject({ code: 0, stderr: '' })
  expect(await parley(['backup', 'restore', target, '--data', join(folder, 'restored')])).toMatchObject({ code: 0 })
})
