// Each example with a library has packages of its own. A test that runs one installs them first, where that has not been done.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** The longest that npm may take, in ms. */
const patienceMs = 120_000

/** @throws Error where they cannot be had */
export function install(folder: string): void {
  const lock = path.join(folder, 'package-lock.json')
  const { packages }: { packages: object } = JSON.parse(readFileSync(lock, 'utf8'))
  // The example itself is among them.
  if (Object.keys(packages).length === 1) return
  // What npm writes last.
  const done = path.join(folder, 'node_modules', '.package-lock.json')
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    timeout: patienceMs,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`What ${folder} needs cannot be installed. It needs a network once.\n${stderr}`)
}
