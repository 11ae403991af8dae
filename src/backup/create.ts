// Makes a backup of a data folder, while a server runs on it or not. The read models are not in it: they are made from
// the log.

import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { forgetDeleted } from './copiedLog.ts'
import { copyDatabase, copyFile, filesBelow, knownAs, makeSingleFile } from './copying.ts'
import {
  type BackedUpFile,
  BackupFailure,
  filesName,
  keysName,
  logName,
  type Manifest,
  secretsName,
  settingsName,
  writeManifest,
} from './manifest.ts'
import { troubleWith } from './trouble.ts'

export interface CreateOptions {
  /** The data folder. */
  readonly data: string
  /** Whether the log lies in the data folder (default). Otherwise the backup holds what belongs to the log: the keys of its texts. */
  readonly holdsLog?: boolean
  /** The folder of attachments. */
  readonly files: string
  /** Where the backup goes: a folder that is empty, or not there yet. */
  readonly target: string
  /** The version of Parley. */
  readonly parley: string
  /** ms since 1970 */
  readonly now: number
  /** Called with the pages of the log that are copied, of how many. */
  readonly onProgress: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/**
 * When it returns, the backup is complete and on the disk. Where it fails, nothing of it is left.
 *
 * @throws {BackupFailure} the message says what to do; {CannotOpen} the log; the signal's reason
 */
export async function createBackup(options: CreateOptions): Promise<Manifest> {
  const { data, holdsLog = true, target, parley, now, signal } = options
  // What is in it is for the account alone that makes it: texts, and the hashes of passwords.
  process.umask(0o077)
  if (!existsSync(join(data, holdsLog ? logName : keysName)))
    throw new BackupFailure(
      `There ${holdsLog ? 'is no log' : 'are no keys'} in ${data}. Name the folder of the server with --data.`,
    )
  const made = await makeEmpty(target)
  try {
    const log = holdsLog ? await copyLog(options) : null
    const files = holdsLog ? [{ path: logName, ...(await knownAs(join(target, logName), signal)) }] : []
    // After the log: the keys of what is in the log are then all there.
    files.push(...(await copyKeys(options)), ...(await copyRest(options)))
    return await writeManifest(target, { parley, createdAt: new Date(now).toISOString(), log, files })
  } catch (error) {
    await clear(target, made)
    throw troubleWith(error, target)
  }
}

/** @returns whether it was not there */
async function makeEmpty(target: string): Promise<boolean> {
  const made = await mkdir(target, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
      throw troubleWith(error, target)
    },
  )
  const entries = await readdir(target).catch((error: unknown) => {
    throw troubleWith(error, target)
  })
  if (entries.length === 0) return made
  throw new BackupFailure(`${target} is not empty. Each backup gets a folder of its own: name another one.`)
}

async function clear(target: string, made: boolean): Promise<void> {
  if (made) return await rm(target, { recursive: true, force: true })
  for (const entry of await readdir(target)) await rm(join(target, entry), { recursive: true, force: true })
}

async function copyLog({ data, target, onProgress, signal }: CreateOptions): Promise<Manifest['log']> {
  const to = join(target, logName)
  await copyDatabase({ from: join(data, logName), to, onProgress, signal })
  const summary = await forgetDeleted({ folder: target, signal })
  makeSingleFile(to)
  return summary
}

async function copyKeys({ data, target, signal }: CreateOptions): Promise<readonly BackedUpFile[]> {
  const from = join(data, keysName)
  if (!existsSync(from)) return []
  const to = join(target, keysName)
  await copyDatabase({ from, to, signal })
  makeSingleFile(to)
  return [{ path: keysName, ...(await knownAs(to, signal)) }]
}

async function copyRest({ data, files, target, signal }: CreateOptions): Promise<readonly BackedUpFile[]> {
  const wanted = [
    ...(existsSync(join(data, settingsName)) ? [{ from: join(data, settingsName), path: settingsName }] : []),
    ...(await filesBelow(join(data, secretsName))).map((path) => ({
      from: join(data, secretsName, path),
      path: `${secretsName}/${path}`,
    })),
    ...(await filesBelow(files)).map((path) => ({ from: join(files, path), path: `${filesName}/${path}` })),
  ]
  const copied: BackedUpFile[] = []
  for (const { from, path } of wanted) {
    try {
      copied.push({ path, ...(await copyFile({ from, to: join(target, path), signal })) })
    } catch (error) {
      // Deleted a moment ago, and with it nothing that is to be kept.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT') || existsSync(from)) throw error
    }
  }
  return copied
}
