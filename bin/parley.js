#!/usr/bin/env node
// The command `parley`. Plain JavaScript for any Node from 18 on: it installs what is missing and hands over to the
// Node that Parley is pinned to.

import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import module from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { compiledCodeFolder } from '../scripts/compiledCode.mjs'
import { CannotInstall, ensureInstalled } from '../scripts/ensureInstalled.mjs'
import { pinnedNode } from '../scripts/pinnedNode.mjs'

const self = realpathSync(fileURLToPath(import.meta.url))
const root = path.dirname(path.dirname(self))

try {
  ensureInstalled({ root, mode: 'production' })
  const node = pinnedNode(root)
  if (node === undefined) throw new CannotInstall('There is no Node 26 to run Parley with.')
  if (realpathSync(node) === realpathSync(process.execPath)) await run()
  else handOver(node)
} catch (error) {
  if (!(error instanceof CannotInstall)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** From here on compiled code is kept; by worker threads only where the environment says so. */
async function run() {
  process.env.NODE_COMPILE_CACHE ??= compiledCodeFolder(root)
  module.enableCompileCache()
  // Without it, graphql checks each value for a second copy of itself.
  process.env.NODE_ENV ??= 'production'
  await import('../src/main.ts')
}

/** Runs the pinned Node, passes signals on to it, and ends as it ends. */
function handOver(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A signal from the terminal reaches both processes; the child ignores what comes twice.
  const signals = process.platform === 'win32' ? ['SIGINT'] : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`${node} cannot be started: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (os.constants.signals[signal] ?? 0)
  })
}
