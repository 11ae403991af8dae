// How long the disk takes to make a small write durable.

import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

/** A folder on a real disk: /tmp may be memory. Removed by whoever makes one in it. */
export const benchFolder = (name: string): string => mkdtempSync(path.join('/var/tmp', `parley-bench-${name}-`))

/** Appends 4 KiB to a file of its own in the folder and calls fsync, so many times. In ms each. */
export function measureFsync(folder: string, writes: number): number[] {
  const own = mkdtempSync(path.join(folder, 'fsync-'))
  const file = openSync(path.join(own, 'probe'), 'a')
  const block = Buffer.alloc(4_096, 'x')
  try {
    return Array.from({ length: writes }, () => {
      const from = performance.now()
      writeSync(file, block)
      fsyncSync(file)
      return performance.now() - from
    })
  } finally {
    closeSync(file)
    rmSync(own, { recursive: true })
  }
}
