// `parley backup`: a copy of everything that cannot be made again, while the server runs; whether it is whole; and the
// way back.

import path from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import type { Manifest } from '../backup/manifest.ts'
import type { Config } from '../config.ts'
import { CliFailure, exit } from './exit.ts'
import { interruption } from './interrupt.ts'
import { data } from './output.ts'
import { Progress } from './progress.ts'
import { settingsFor } from './settings.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export function backupVerb(): Command {
  const create = folderVerb('create', {
    description: 'copy log, keys, files and secrets into a folder, while the server runs; read models are not in it',
    examples: ['parley backup create /var/backups/parley-monday', 'parley backup create /mnt/backup/1 --json'],
  })
    .argument('<folder>', 'empty, or not there yet')
    .action(create_)
  const verify = folderVerb('verify', {
    description: 'compare all files with their checksums, and read the log to its end; exit code 5 where one differs',
    examples: ['parley backup verify /var/backups/parley-monday'],
  })
    .argument('<folder>', 'what "backup create" wrote')
    .action(verify_)
  const restore = folderVerb('restore', {
    description: 'bring a backup into an empty data folder; a server started on it makes its read models',
    examples: ['parley backup restore /var/backups/parley-monday --data /var/lib/parley'],
  })
    .argument('<folder>', 'what "backup create" wrote')
    .action(restore_)
  return new Command('backup')
    .description('consistent copies of the data folder')
    .helpCommand(false)
    .addCommand(create)
    .addCommand(verify)
    .addCommand(restore)
}

async function create_(name: string, { json, ...flags }: FolderOptions): Promise<void> {
  const { config } = await settingsFor(flags)
  expectTruth(config)
  const target = path.resolve(name)
  await refuseUnfinished(config)
  const holdsLog = config.eventstore === 'sqlite'
  // What is deleted must not be in it: of a log in this folder the copy is looked through, of another one the keys have to be gone.
  if (!holdsLog) await waitForForgetting(config)
  const [{ createBackup }, { default: about }] = await Promise.all([
    import('../backup/create.ts'),
    import('../../package.json', { with: { type: 'json' } }),
  ])
  const manifest = await attended('Backing up', 'pages', (onProgress, signal) =>
    createBackup({
      ...{ data: config.data, holdsLog, files: config.files, target, signal, onProgress },
      ...{ parley: about.version, now: Date.now() },
    }),
  )
  await tell(manifest, target, json)
}

async function verify_(name: string, { json }: FolderOptions): Promise<void> {
  const folder = path.resolve(name)
  const { verifyBackup } = await import('../backup/verify.ts')
  const { manifest, problems } = await attended('Verifying', 'bytes', (onProgress, signal) =>
    verifyBackup({ folder, onProgress, signal }),
  )
  if (json) await data(JSON.stringify({ folder, ...summaryOf(manifest), problems }))
  else if (problems.length > 0) await data(problems.join('\n'))
  else await tell(manifest, folder, false)
  if (problems.length > 0)
    throw new CliFailure(`The backup in ${folder} is not what was made. Use another one.`, exit.differences)
}

async function restore_(name: string, { json, ...flags }: FolderOptions): Promise<void> {
  const { config } = await settingsFor(flags)
  expectTruth(config)
  const { restoreBackup } = await import('../backup/restore.ts')
  const manifest = await attended('Restoring', 'bytes', (onProgress, signal) =>
    restoreBackup({ folder: path.resolve(name), data: config.data, files: config.files, onProgress, signal }),
  )
  await tell(manifest, config.data, json)
}

/** Something must lie in the data folder that cannot be made again: the log, or the keys of its texts. */
function expectTruth({ eventstore, documents }: Config): void {
  if (eventstore === 'sqlite' || documents === 'sqlite') return
  throw new CliFailure(
    'Neither log nor keys of this server are in its data folder, so they are backed up where they are: docs/guide/moving-and-backups.md says how. "parley export" works with every engine.',
    exit.wrongUse,
  )
}

/**
 * A server that runs has looked whether its log is whole. Whatever else holds the folder may be an import, of which no
 * backup is made.
 */
async function refuseUnfinished(config: Config): Promise<void> {
  const { callControl } = await import('./control.ts')
  if ((await callControl(config.data, 'log.end', {})) !== 'not running') return
  const { refusePendingImportIn } = await import('../backup/pending.ts')
  await refusePendingImportIn(config.data)
}

/** Of a server that does not run it was stopped before the backup: it has forgotten what it could. */
async function waitForForgetting(config: Config): Promise<void> {
  const { callControl } = await import('./control.ts')
  const answer = await callControl(config.data, 'log.forgotten', {})
  if (answer === 'not running' || forgottenAnswer.parse(answer.result).forgotten) return
  throw new CliFailure(
    'Deleted texts wait to be forgotten, and a backup now would hold their keys. Ask /readyz?verbose what is missing; try again when the server is ready.',
  )
}

const forgottenAnswer = z.object({ forgotten: z.boolean() })

type OnProgress = (done: number, total: number) => void

/** Does it with a bar on a terminal, until it is done or interrupted. */
async function attended<T>(
  title: string,
  what: string,
  work: (onProgress: OnProgress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const progress = new Progress({ title })
  const signal = interruption()
  try {
    return await work((done, total) => progress.update({ done, total, what }), signal)
  } catch (error) {
    if (signal.aborted) throw new CliFailure(`${title} was stopped before its end. Nothing of it counts.`)
    if (error instanceof Error && error.name === 'BackupFailure') throw new CliFailure(error.message)
    throw error
  } finally {
    progress.stop()
  }
}

const summaryOf = ({ createdAt, log, files }: Manifest) => ({
  createdAt,
  log,
  files: files.length,
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
})

async function tell(manifest: Manifest, folder: string, json: boolean | undefined): Promise<void> {
  const summary = summaryOf(manifest)
  if (json) return await data(JSON.stringify({ folder, ...summary }))
  const [events, bytes] = [summary.log?.events ?? 0, summary.bytes].map((count) => count.toLocaleString('en-US'))
  const what = summary.log === null ? 'The keys of a log that lies elsewhere' : `${events} events`
  await data(
    `${what}, ${summary.files} ${summary.files === 1 ? 'file' : 'files'}, ${bytes} bytes, of ${summary.createdAt}, in ${folder}`,
  )
}
