// One install at a time: `npm ci` removes node_modules while it runs, and two at once leave a broken one. The lock is a
// folder beside node_modules. In it lies one file, named after the process that holds it.

import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** What renaming onto a folder that holds something is answered with. */
const occupied = process.platform === 'win32' ? ['ENOTEMPTY', 'EEXIST', 'EPERM'] : ['ENOTEMPTY', 'EEXIST']

/** ms between two looks at a lock that somebody else holds. */
const pause = 200

/**
 * Carries out the work while no other process installs in the same folder; waits for one that does, and says so. The
 * lock of a process that has ended is taken over.
 *
 * @template T
 * @param {string} root the folder of package.json
 * @param {() => T} work
 * @returns {T}
 * @throws {Error} of the file system: the folder cannot be written; what `work` throws
 */
export function whileInstalling(root, work) {
  const lock = path.join(root, '.parley-installing')
  // The lock is made elsewhere and renamed, so that none is ever seen without its holder.
  const own = `${lock}-${process.pid}`
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own)
  try {
    writeFileSync(path.join(own, String(process.pid)), '')
    for (let told = false; !take(lock, own); ) {
      const holder = holderOf(lock)
      if (holder === undefined) continue
      if (!told) process.stderr.write(`Another install is running here (process ${holder}). Waiting for its end ...\n`)
      told = true
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
    }
    try {
      return work()
    } finally {
      // Renamed first: whoever finds a lock finds its holder.
      rmSync(own, { recursive: true, force: true })
      renameSync(lock, own)
    }
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

/** Whether the lock is ours now: it was free, or its holder has ended. */
function take(lock, own) {
  try {
    renameSync(own, lock)
    return true
  } catch (error) {
    if (!occupied.includes(error.code)) throw error
  }
  const holder = holderOf(lock)
  if (holder === undefined || lives(holder)) return false
  try {
    // Of several who wait, one succeeds: for the others that file is gone.
    renameSync(path.join(lock, holder), path.join(lock, String(process.pid)))
    return true
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

/** The process that holds the lock; undefined where nobody does. */
function holderOf(lock) {
  try {
    return readdirSync(lock)[0]
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function lives(holder) {
  const pid = Number(holder)
  // The same number is that of an earlier process: after a restart of a container, for instance.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of somebody else cannot be signalled, and lives.
    return error.code === 'EPERM'
  }
}
