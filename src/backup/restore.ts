// Brings a backup into an empty folder, from which a server can be started.

import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { restoringName } from '../eventstore/sqlite/schema.ts'
import { copyFile } from './copying.ts'
import { BackupFailure, filesName, keysName, logName, type Manifest } from './manifest.ts'
import { troubleWith } from './trouble.ts'
import { verifyBackup } from './verify.ts'

export interface RestoreOptions {
  /** The folder of the backup. */
  readonly folder: string
  /** The data folder: empty, or not there yet. */
  readonly data: string
  /** The folder of attachments: likewise. */
  readonly files: string
  /** Called with the bytes that have been copied, of how many. */
  readonly onProgress: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/**
 * @throws {BackupFailure} the backup is damaged, or the folder is not empty; nothing has been changed then
 */
export async function restoreBackup(options: RestoreOptions): Promise<Manifest> {
  const { folder, data, files, onProgress, signal } = options
  const { manifest, problems } = await verifyBackup({ folder, onProgress: () => {}, signal })
  if (problems.length > 0)
    throw new BackupFailure(
      `The backup in ${folder} is not what was made, and nothing was restored. ${problems[0]} "parley backup verify" tells all; use another backup.`,
    )
  process.umask(0o077)
  // Everything is copied here first, and moved at the end: until then no server starts on the folder.
  const staging = join(data, restoringName)
  await expectEmpty(data, 'The data folder')
  await expectEmpty(files, 'The folder of attachments')
  try {
    await rm(staging, { recursive: true, force: true })
    await mkdir(staging, { recursive: true })
    await copyAll(options, staging, manifest)
    // The log last, or its keys: where they are, everything is.
    const last = manifest.log === null ? keysName : logName
    const inOrder = manifest.files.filter(({ path }) => path !== last)
    for (const { path } of inOrder) await move(join(staging, path), placeOf(path, data, files))
    await move(join(staging, last), join(data, last))
    await rm(staging, { recursive: true, force: true })
    await syncFolder(data)
  } catch (error) {
    throw troubleWith(error, data)
  }
  onProgress(1, 1)
  return manifest
}

async function copyAll(
  { folder, onProgress, signal }: RestoreOptions,
  staging: string,
  { files }: Manifest,
): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  for (const { path, bytes, sha256 } of files) {
    const copied = await copyFile({ from: join(folder, path), to: join(staging, path), signal })
    if (copied.sha256 !== sha256)
      throw new BackupFailure(`${join(folder, path)} changed while it was read. Nothing was restored; try again.`)
    done += bytes
    onProgress(done, total)
  }
}

/** Attachments go where the settings say; everything else into the data folder. */
function placeOf(path: string, data: string, files: string): string {
  return path.startsWith(`${filesName}/`) ? join(files, path.slice(filesName.length + 1)) : join(data, path)
}

async function move(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  try {
    await rename(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    await copyFile({ from, to, signal: new AbortController().signal })
    await rm(from)
  }
}

/** What an earlier try left counts as nothing, as long as it had not begun to move it. */
async function expectEmpty(folder: string, what: string): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw troubleWith(error, folder)
  })
  if (entries.every((entry) => entry === restoringName)) return
  if (entries.includes(restoringName))
    throw new BackupFailure(`${what} ${folder} holds a restore that was not finished. Empty it, then try again.`)
  throw new BackupFailure(
    `${what} ${folder} is not empty. Restore into a folder of its own: name another one with --data, or move away what is in this one.`,
  )
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}
