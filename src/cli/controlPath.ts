// Where a data folder's control socket lies.

import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** The kernel's limit for the path of a socket, in bytes, is 104 on macOS and 108 on Linux, with a zero at its end. */
const longest = 103

/**
 * `control.sock` in the folder. On Windows a named pipe; where the path is longer than the system allows, a name made
 * from it in a folder of the user's own among the temporary files.
 *
 * @throws {Error} the folder is not there, or the temporary one belongs to somebody else
 */
export function controlPath(folder: string): string {
  const real = realpathSync(folder)
  const name = createHash('sha256').update(real).digest('hex').slice(0, 32)
  if (process.platform === 'win32') return `\\\\.\\pipe\\parley-${name}`
  const socket = path.join(real, 'control.sock')
  if (Buffer.byteLength(socket) <= longest) return socket
  const user = os.userInfo()
  const own = path.join(os.tmpdir(), `parley-${user.uid}`)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const { uid, mode } = statSync(own)
  if (uid !== user.uid || (mode & 0o077) !== 0)
    throw new Error(
      `${own} is open to others, so commands cannot be passed through it. Remove it, or use a data folder with a shorter path.`,
    )
  return path.join(own, `${name}.sock`)
}
