import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'

const writer = fileURLToPath(new URL('./documents-writer.ts', import.meta.url))

// A limit on the size of files makes the system refuse to write, as a full disk does.
test.skipIf(process.platform === 'win32')(
  'STOP when the file cannot grow, it says so and stays up',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-full-'))
    const limited = 'trap "" XFSZ; ulimit -f 4000; exec "$0" "$@"'
    const child = spawn('/bin/sh', ['-c', limited, process.execPath, writer, folder, '20000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    const lines = (await text(child.stdout)).trim().split('\n')
    expect(await exited).toBe(0)
    expect(lines.length).toBeGreaterThan(1)
    const end: unknown = JSON.parse(lines.at(-1) ?? '')
    expect(end).toMatchObject({
      health: { ready: false, reason: expect.stringContaining('documents.db') },
      refusedAgain: true,
      read: 1,
    })

    // With room again, nothing is missing and nothing is half.
    const documents = await openSqliteDocuments({ folder })
    const round = Number(lines.at(-2))
    expect(await documents.record('checkpoint')).toMatchObject({ value: { round } })
    expect((await documents.get('c', ['id1', 'id49'])).map((d) => d.document.round)).toEqual([round, round])
    await documents.close()
    await rm(folder, { recursive: true })
  },
)
