// `node scripts/install.mjs [--production]`: what every script in package.json does first.

import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CannotInstall, ensureInstalled } from './ensureInstalled.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
try {
  ensureInstalled({ root, mode: process.argv.includes('--production') ? 'production' : 'all' })
} catch (error) {
  if (!(error instanceof CannotInstall)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
