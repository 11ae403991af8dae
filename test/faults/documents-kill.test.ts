import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'

const writer = fileURLToPath(new URL('./documents-writer.ts', import.meta.url))

test('CHECKPOINT killed at any moment, the checkpoint is exactly where the documents are', {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-kill-'))
  let before = 0
  for (let kill = 0; kill < 6; kill++) {
    const child = spawn(process.execPath, [writer, folder, '2000'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    let acknowledged = before
    const pause = 20 + Math.random() * 300
    for await (const line of createInterface(child.stdout)) {
      if (acknowledged === before) setTimeout(() => child.kill('SIGKILL'), pause)
      acknowledged = Number(line)
    }
    await exited
    expect(acknowledged).toBeGreaterThan(before)

    const documents = await openSqliteDocuments({ folder })
    const round = Number((await documents.record('checkpoint'))?.value.round)
    expect(round).toBeGreaterThanOrEqual(acknowledged)
    const states = await documents.load(
      'c',
      Array.from({ length: 50 }, (_, n) => `id${n}`),
    )
    expect(states.map((state) => state.document?.round)).toEqual(Array(50).fill(round))
    expect(await documents.count('c', { text: { $exists: true } })).toBe(50 + round)
    await documents.close()
    before = round
  }
  await rm(folder, { recursive: true })
})
