// Copies of files, with what is needed to know them again.

import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import type { BackedUpFile } from './manifest.ts'

/** Bytes read at once. */
const chunkBytes = 1_048_576
/** Pages copied between two looks at the signal: 64 MB, mostly. */
const pagesAtOnce = 16_384

interface CopyOptions {
  readonly from: string
  readonly to: string
  readonly signal: AbortSignal
}

/**
 * Copies a database as it is at one moment, while another process may write to it. What is written meanwhile is not in
 * the copy, and holds nothing up.
 *
 * @param options.onProgress called with the pages that are copied, of how many
 */
export async function copyDatabase({
  from,
  to,
  onProgress,
  signal,
}: CopyOptions & { readonly onProgress?: (done: number, total: number) => void }): Promise<void> {
  using source = new DatabaseSync(from, { readOnly: true, timeout: 5_000 })
  // Within one transaction the source stands still for this connection. Without it, each write would begin the copy anew.
  source.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
  await backup(source, to, {
    rate: pagesAtOnce,
    progress: ({ totalPages, remainingPages }) => {
      signal.throwIfAborted()
      onProgress?.(totalPages - remainingPages, totalPages)
    },
  })
  signal.throwIfAborted()
}

/** One file only, with no other beside it: then it can be read from a disk that cannot be written. */
export function makeSingleFile(path: string): void {
  using database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec('PRAGMA journal_mode = DELETE')
}

/** Copies one file, and brings it to the disk. */
export async function copyFile({ from, to, signal }: CopyOptions): Promise<Omit<BackedUpFile, 'path'>> {
  await mkdir(dirname(to), { recursive: true })
  await using source = await open(from, 'r')
  await using target = await open(to, 'wx', 0o600)
  const known = await passThrough(source, signal, async (chunk) => await target.writeFile(chunk))
  await target.sync()
  return known
}

/** @throws an error of the system, the signal's reason */
export async function knownAs(path: string, signal: AbortSignal): Promise<Omit<BackedUpFile, 'path'>> {
  await using file = await open(path, 'r')
  return await passThrough(file, signal)
}

/** All files below a folder, by their paths from there with slashes; none where there is no folder. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort()
}

async function passThrough(
  file: FileHandle,
  signal: AbortSignal,
  take: (chunk: Buffer) => Promise<void> = async () => {},
): Promise<Omit<BackedUpFile, 'path'>> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let bytes = 0; ; ) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, bytes)
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') }
    const chunk = buffer.subarray(0, bytesRead)
    hash.update(chunk)
    await take(chunk)
    bytes += bytesRead
  }
}
