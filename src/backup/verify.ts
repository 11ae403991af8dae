// Whether a backup is what its manifest says, and its log, where it holds one, can be read to the end. Nothing in it is changed.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { lookThrough } from './copiedLog.ts'
import { filesBelow, knownAs } from './copying.ts'
import { isManifest, keysName, logName, type Manifest, readManifest } from './manifest.ts'

export interface VerifyOptions {
  /** The folder of the backup. */
  readonly folder: string
  /** Called with the bytes that have been read, of how many. */
  readonly onProgress: (done: number, total: number) => void
  readonly signal: AbortSignal
}

export interface Verified {
  readonly manifest: Manifest
  /** What is wrong, as sentences; empty where nothing is. */
  readonly problems: readonly string[]
}

/** @throws {BackupFailure} there is no manifest that can be read; the signal's reason */
export async function verifyBackup({ folder, onProgress, signal }: VerifyOptions): Promise<Verified> {
  const manifest = await readManifest(folder)
  const problems: string[] = []
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  for (const { path, bytes, sha256 } of manifest.files) {
    const found = await knownAs(join(folder, path), signal).catch((error: unknown) => {
      signal.throwIfAborted()
      return error instanceof Error ? error.message : String(error)
    })
    if (typeof found === 'string') problems.push(`${path} cannot be read (${found}).`)
    else if (found.bytes !== bytes) problems.push(`${path} has ${found.bytes} bytes and not ${bytes}.`)
    else if (found.sha256 !== sha256) problems.push(`${path} was changed: its checksum differs.`)
    done += bytes
    onProgress(done, total)
  }
  const known = new Set(manifest.files.map(({ path }) => path))
  for (const path of await filesBelow(folder))
    if (!known.has(path) && !isManifest(path)) problems.push(`${path} is not in the manifest.`)
  const needed = manifest.log === null ? keysName : logName
  if (!known.has(needed)) problems.push(`There is no ${needed} in it.`)
  // Opening what has been changed could change more.
  if (problems.length === 0) problems.push(...(await lookAtDatabases(folder, manifest, signal)))
  return { manifest, problems }
}

async function lookAtDatabases(
  folder: string,
  { files, log }: Manifest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const problems: string[] = []
  for (const { path } of files) {
    if (!path.endsWith('.db') || path.includes('/')) continue
    const damage = damageOf(join(folder, path))
    if (damage !== undefined) problems.push(`${path} is damaged: ${damage}.`)
  }
  if (problems.length > 0 || log === null) return problems
  const found = await lookThrough({ folder, signal })
  if (JSON.stringify(found) !== JSON.stringify(log))
    problems.push(
      `${logName} holds ${found.events} events up to ${found.end || 'none'}, and should hold ${log.events} up to ${log.end || 'none'}.`,
    )
  return problems
}

/** What SQLite finds wrong with a file, indexes and all; undefined where it is whole. */
function damageOf(path: string): string | undefined {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    const said = String(database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check)
    return said === 'ok' ? undefined : said
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
