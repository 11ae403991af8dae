// Installs what is missing, and only then. Plain JavaScript without dependencies, for any Node from 18 on: this is
// what runs before anything is installed.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { whileInstalling } from './installLock.mjs'
import { pinnedNode } from './pinnedNode.mjs'

/** Installing cannot go on. The message says what to do. */
export class CannotInstall extends Error {}

/**
 * Makes node_modules what the lock file says. A stamp in it tells what was installed: when lock file, platform and mode
 * are the same, nothing is done. A full install serves production too.
 *
 * @param {{ root: string, mode: 'production' | 'all', ownNode?: boolean }} options root: the folder of package.json;
 * ownNode: the Node that runs this is the one to run Parley with, so that the pinned one is not installed
 * @returns {'installed' | 'present'}
 * @throws {CannotInstall}
 */
export function ensureInstalled({ root, mode, ownNode = false }) {
  const modules = path.join(root, 'node_modules')
  const stamp = path.join(modules, '.parley-install')
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
  const line = (what) => `${lock} ${what} ${process.platform}-${process.arch}\n`
  const wanted = mode === 'production' ? [line('production'), line('all')] : [line('all')]
  const present = () => wanted.includes(stampIn(stamp))
  if (present()) {
    linkCommands(root, modules)
    return 'present'
  }
  const install = () => {
    // Another install may have ended meanwhile.
    if (present()) return 'present'
    process.stderr.write(`Installing what Parley needs (${mode === 'all' ? 'with its tools' : 'to run'}) ...\n`)
    // Without its stamp, an install that was interrupted is begun again.
    rmSync(stamp, { force: true })
    npmCi(root, mode, ownNode)
    linkCommands(root, modules)
    writeFileSync(stamp, line(mode))
    return 'installed'
  }
  try {
    return whileInstalling(root, install)
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
    throw new CannotInstall(`Nothing can be installed in ${root}, which this account cannot write (${error.code}).`)
  }
}

/** What the stamp says; undefined where there is none. */
function stampIn(stamp) {
  try {
    return readFileSync(stamp, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Runs `npm ci`; what npm says goes to stderr. */
function npmCi(root, mode, ownNode) {
  const talk = ['--no-audit', '--no-fund', '--loglevel=error', ownNode ? '--omit=optional' : '--include=optional']
  const options = ['ci', ...talk, mode === 'all' ? '--include=dev' : '--omit=dev']
  const [command, first, shell] = npmCommand(path.join(root, 'node_modules'))
  const result = spawnSync(command, [...first, ...options], { cwd: root, stdio: ['ignore', 2, 2], shell })
  if (result.error) {
    throw new CannotInstall(`npm cannot be started (${result.error.message}). Install Node with npm, then try again.`)
  }
  if (result.status !== 0) {
    throw new CannotInstall(
      `npm ci failed${result.signal ? ` (${result.signal})` : ''}. What it wrote above says why; without a network, nothing can be installed. If another install was running here, run this again.`,
    )
  }
}

/** How to run npm: command, its first arguments, and whether a shell is needed. */
function npmCommand(modules) {
  const cli = process.env.npm_execpath
  if (cli && path.basename(cli) === 'npm-cli.js' && existsSync(cli)) {
    // Not with a Node out of node_modules: npm ci removes that folder while it runs.
    const outer = [process.env.npm_node_execpath, process.execPath].find(
      (node) => node && existsSync(node) && !node.startsWith(modules),
    )
    if (outer) return [outer, [cli], false]
  }
  return process.platform === 'win32' ? ['npm.cmd', [], true] : ['npm', [], false]
}

/**
 * Makes the commands that npm may leave out: `node` (npm 10 makes none when several optional packages bring that
 * command) and `parley` itself, so that `npx parley` works in the repository.
 */
function linkCommands(root, modules) {
  const bin = path.join(modules, '.bin')
  const node = pinnedNode(root)
  if (!node) {
    throw new CannotInstall(
      `There is no pinned Node for ${process.platform}-${process.arch}. Install Node 26 yourself, then try again.`,
    )
  }
  mkdirSync(bin, { recursive: true })
  const cli = path.join(root, 'bin', 'parley.js')
  if (process.platform === 'win32') {
    shim(bin, 'node', `@"${node}" %*`)
    shim(bin, 'parley', `@"${node}" "${cli}" %*`)
    // The scripts in package.json are written for a POSIX shell; these give cmd the two words it lacks.
    shim(bin, 'exec', '@%*')
    shim(bin, 'hash', '@exit /b 0')
    return
  }
  link(bin, 'node', node)
  link(bin, 'parley', cli)
}

function shim(bin, name, text) {
  const file = path.join(bin, `${name}.cmd`)
  const content = `${text}\r\n`
  if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writeFileSync(file, content)
}

function link(bin, name, target) {
  const file = path.join(bin, name)
  if (existsSync(file) && realpathSync(file) === realpathSync(target)) return
  rmSync(file, { force: true })
  symlinkSync(path.relative(bin, target), file)
}
