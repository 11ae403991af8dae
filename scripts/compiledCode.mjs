// Compiled code is kept between starts, which halves the time that importing takes. It lies beside what is installed, so
// that it outlives a restart of the machine and is part of an image; among the temporary files where that cannot be written.

import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** How long the start that compiles may take, in ms. */
const patience = 30_000

/**
 * @param {string} root the folder of package.json
 * @returns {string} the folder to keep it in; it need not exist
 */
export function compiledCodeFolder(root) {
  const modules = path.join(root, 'node_modules')
  try {
    accessSync(modules, constants.W_OK)
    return path.join(modules, '.cache', 'parley')
  } catch {
    return path.join(os.tmpdir(), 'node-compile-cache')
  }
}

/**
 * Starts a server on an empty folder and stops it when it is ready: by then everything that a start needs is compiled.
 * Where it does not get so far, nothing is said: the first start compiles for itself, and says what is wrong.
 *
 * @param {{ root: string, node: string }} options node: the binary that will run Parley
 * @returns {Promise<void>}
 */
export async function compileAhead({ root, node }) {
  const data = mkdtempSync(path.join(os.tmpdir(), 'parley-compiling-'))
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_')))
  const words = [path.join(root, 'bin', 'parley.js'), 'start', '--port', '0', '--data', data, '--json']
  const server = spawn(node, words, { cwd: data, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const late = setTimeout(() => server.kill('SIGKILL'), patience)
  server.stdout.once('data', () => server.kill('SIGTERM'))
  await new Promise((resolve) => server.once('error', resolve).once('exit', resolve))
  clearTimeout(late)
  rmSync(data, { recursive: true, force: true })
}
