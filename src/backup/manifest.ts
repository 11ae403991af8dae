// What a backup says of itself. It is written last: a folder without it is no backup.

import { open, readFile, rename } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { z } from 'zod'

const manifestName = 'manifest.json'
export const logName = 'log.db'
export const keysName = 'keys.db'
export const settingsName = 'parley.json'
/** Folders that are copied with all that is in them; attachments may lie elsewhere than in the data folder. */
export const filesName = 'files'
export const secretsName = 'secrets'

/** The highest version that is understood. What was written before there were backups without a log reads those with one. */
const formatVersion = 2

/** A backup cannot be made, read or restored. The message says what to do. */
export class BackupFailure extends Error {
  override readonly name = 'BackupFailure'
}

/** Within the folder of the backup, and nowhere else. */
const inside = z
  .string()
  .refine((path) => path !== '' && normalize(path) === path && !/^([/\\]|\.\.|[a-z]:)/i.test(path))

const backedUpFile = z.object({
  /** From the folder of the backup, with slashes. */
  path: inside,
  bytes: z.number().int().nonnegative(),
  /** In hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const manifest = z.object({
  format: z.literal('parley-backup'),
  version: z.literal([1, formatVersion]),
  /** The version of Parley that made it. */
  parley: z.string(),
  createdAt: z.iso.datetime(),
  /** Null where the log lies elsewhere, and the backup holds its keys. */
  log: z
    .object({
      events: z.number().int().nonnegative(),
      /** Position of the newest event; empty where there is none. */
      end: z.string(),
      /** The newest event of a stream that keeps everything; null where there is none. */
      anchor: z.object({ position: z.string(), id: z.string() }).nullable(),
    })
    .nullable(),
  files: z.array(backedUpFile),
})

export type Manifest = z.output<typeof manifest>
export type BackedUpFile = z.output<typeof backedUpFile>
/** What a log holds, so that its copy is known again. */
export type LogSummary = NonNullable<Manifest['log']>

export const isManifest = (path: string): boolean => path === manifestName

export async function writeManifest(folder: string, content: Omit<Manifest, 'format' | 'version'>): Promise<Manifest> {
  const version = content.log === null ? formatVersion : 1
  const complete: Manifest = { format: 'parley-backup', version, ...content }
  const path = join(folder, manifestName)
  {
    await using file = await open(`${path}.new`, 'w', 0o600)
    await file.writeFile(`${JSON.stringify(complete, undefined, 2)}\n`)
    await file.sync()
  }
  await rename(`${path}.new`, path)
  return complete
}

/** @throws {BackupFailure} it is no backup, not a complete one, damaged, or of a newer version */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestName)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new BackupFailure(
      `${folder} holds no backup, or one that was not finished: it has no ${manifestName}. Name the folder that "parley backup create" was given, or make another backup.`,
      { cause: error },
    )
  })
  const version = z.object({ version: z.number() }).safeParse(parsed(text))
  if (version.success && version.data.version > formatVersion)
    throw new BackupFailure(
      `${folder} was written by a newer Parley (format ${version.data.version}; this one knows ${formatVersion}). Use that one, or a later one.`,
    )
  const checked = manifest.safeParse(parsed(text))
  if (checked.success) return checked.data
  throw new BackupFailure(`${path} is damaged: it does not say what is in the backup. Use another backup.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
