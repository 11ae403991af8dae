// `node scripts/install.mjs [--production]`: what every script in package.json does first.

import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileAhead } from './compiledCode.mjs'
import { CannotInstall, ensureInstalled } from './ensureInstalled.mjs'
import { pinnedNode } from './pinnedNode.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
try {
  const done = ensureInstalled({ root, mode: process.argv.includes('--production') ? 'production' : 'all' })
  const node = pinnedNode(root)
  if (done === 'installed' && node !== undefined) await compileAhead({ root, node })
} catch (error) {
  if (!(error instanceof CannotInstall)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
