// Real conversations played through two nodes at once, moved to the embedded engines, and found there again.

import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { startCluster } from '../support/cluster.ts'
import { ircLogs, replayIrc } from '../support/ircReplay.ts'
import { newFolder, startServerProcess } from '../support/testServer.ts'

const everything = process.env.PARLEY_TEST_CLUSTER === 'all'
/** Of one log, where not everything is asked for. */
const lines = 250

/** The whole folder, or the beginning of its first log. */
async function chosen(): Promise<{ readonly logs: string; readonly flags: readonly string[] }> {
  if (everything) return { logs: ircLogs, flags: [] }
  const [name] = (await readdir(ircLogs)).filter((file) => file.endsWith('.raw.txt')).sort()
  if (name === undefined) throw new Error(`There is no log in ${ircLogs}.`)
  return { logs: join(ircLogs, name), flags: ['--lines', String(lines)] }
}

const same = [
  { what: 'verify', differences: [] },
  { what: 'rebuild', differences: [] },
  { what: 'verify again', differences: [] },
]

test.skipIf(!existsSync(ircLogs))(
  'ONCE, ORDER, RESUME, FOLD: logs played through two nodes are shown as the files say, and are the same once they have moved to the embedded engines',
  { timeout: everything ? 3_600_000 : 300_000 },
  async ({ skip }) => {
    const cluster = await startCluster({ nodes: 2 })
    if (!cluster) return skip('there is no MongoDB here')
    onTestFinished(() => cluster[Symbol.asyncDispose](), 60_000)
    const [one, two] = cluster.nodes
    if (!one || !two) throw new Error('Two nodes were expected.')
    const { logs, flags } = await chosen()
    const { env } = cluster

    const played = await replayIrc({
      servers: [one.server, two.server],
      logs,
      flags: [...flags, '--data', two.folder],
      env,
    })
    expect(played.talk).not.toMatch(/[1-9]\d* differences/)
    expect(played).toMatchObject({ code: 0, report: { verifications: same } })
    const { files } = played.report
    for (const { events, added, readers, file } of files) {
      expect(added, file).toBe(events - 2)
      for (const reader of readers) expect(reader.events, file).toBe(events - 1)
      // Each time on the other node.
      expect(readers.find(({ manner }) => manner === 'dropping')?.resumes, file).toBeGreaterThan(0)
    }

    const folder = await newFolder()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const [exported, again, embedded] = [
      join(folder, 'cluster.jsonl'),
      join(folder, 'again.jsonl'),
      join(folder, 'data'),
    ]
    const done = { code: 0 }
    const from = ['--data', one.folder]
    expect(await parley(['export', exported, ...from], env)).toMatchObject(done)
    const to = ['--data', embedded]
    expect(await parley(['import', exported, ...to])).toMatchObject(done)
    expect(await parley(['projections', 'verify', '--all', ...to])).toMatchObject(done)
    expect(await parley(['export', again, ...to])).toMatchObject(done)
    expect(Buffer.compare(await readFile(exported), await readFile(again)), 'both logs hold the same').toBe(0)

    // Everybody finds there what was said on the cluster, and nothing that is sent again is sent twice.
    await using server = await startServerProcess({ folder: embedded })
    const found = await replayIrc({ servers: [server], logs, flags: [...flags, '--data', embedded] })
    expect(found.talk).not.toMatch(/[1-9]\d* differences/)
    expect(found).toMatchObject({ code: 0, report: { verifications: same } })
    expect(found.report.files.map(({ file, events, added }) => ({ file, events, added }))).toEqual(
      files.map(({ file, events }) => ({ file, events, added: 0 })),
    )
    const sum = (count: 'lines' | 'messages' | 'events' | 'repeated') =>
      found.report.files.reduce((all, result) => all + result[count], 0)
    console.log(
      `${files.length} logs, ${sum('lines')} lines, ${sum('messages')} messages, ${sum('events')} events through two nodes in ` +
        `${Math.round(played.report.seconds)} s; exported, imported, ${sum('repeated')} messages sent again: 0 differences`,
    )
  },
)
