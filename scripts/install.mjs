// `node scripts/install.mjs [--production] [--own-node]`: what every script in package.json does first. With --own-node
// the Node that runs this is kept, and no other is installed: for images that bring one.

import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileAhead } from './compiledCode.mjs'
import { CannotInstall, ensureInstalled } from './ensureInstalled.mjs'
import { pinnedNode } from './pinnedNode.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
try {
  const done = ensureInstalled({
    root,
    mode: process.argv.includes('--production') ? 'production' : 'all',
    ownNode: process.argv.includes('--own-node'),
  })
  const node = pinnedNode(root)
  if (done === 'installed' && node !== undefined) await compileAhead({ root, node })
} catch (error) {
  if (!(error instanceof CannotInstall)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
