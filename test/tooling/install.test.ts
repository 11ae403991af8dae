// What happens on a fresh clone, with another Node than the pinned one, and npm played by a script.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const root = path.join(import.meta.dirname, '..', '..')
const posix = process.platform !== 'win32'

/** Where the pinned Node lies below node_modules: as in this installation. */
const binary = path.relative(path.join(root, 'node_modules'), process.execPath)
const pinned = posix && !binary.startsWith('..')

/** Plays npm: notes how it was called, and leaves what `npm ci` would, but for the command `node`. */
const npm = `
const fs = require('node:fs'), path = require('node:path')
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n')
if (fs.existsSync('npm-fails')) process.exit(7)
if (fs.existsSync('npm-is-slow')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
console.log('npm talks')
fs.rmSync('node_modules', { recursive: true, force: true })
const node = path.join('node_modules', ${JSON.stringify(binary)})
fs.mkdirSync(path.dirname(node), { recursive: true })
fs.symlinkSync(${JSON.stringify(process.execPath)}, node)
`

/** Plays the server. */
const main = `
import { appendFileSync } from 'node:fs'
process.on('SIGTERM', () => process.exit(42))
if (process.argv.includes('--json')) appendFileSync(new URL('../starts', import.meta.url), process.argv.slice(2).join(' ') + '\\n')
console.log(JSON.stringify({ outer: process.env.OUTER ?? null, args: process.argv.slice(2) }))
if (process.argv.includes('killed')) process.kill(process.ppid, 'SIGTERM')
if (process.argv.includes('wait') || process.argv.includes('killed')) setTimeout(() => {}, 10_000)
if (process.argv.includes('fail')) process.exit(5)
`

/** A clone in which nothing is installed. */
function clone() {
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-clone-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const file of [
    'package.json',
    'bin/parley.js',
    'scripts/install.mjs',
    'scripts/compiledCode.mjs',
    'scripts/ensureInstalled.mjs',
    'scripts/installLock.mjs',
    'scripts/pinnedNode.mjs',
  ])
    cpSync(path.join(root, file), path.join(folder, file))
  writeFileSync(path.join(folder, 'package-lock.json'), '{}')
  const write = (file: string, content: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), content)
  }
  write('src/main.ts', main)
  write('npm/npm-cli.js', npm)
  write('npm/package.json', '{}')
  // The Node of the machine: another command of the same name, which marks whatever runs under it.
  write('outer/node', `#!/bin/sh\nOUTER=yes exec ${process.execPath} "$@"\n`)
  chmodSync(path.join(folder, 'outer/node'), 0o755)
  const env = {
    // As npm runs scripts: first the commands of the installation, which do not exist yet.
    PATH: [path.join(folder, 'node_modules/.bin'), path.join(folder, 'outer'), '/usr/bin', '/bin'].join(':'),
    npm_execpath: path.join(folder, 'npm/npm-cli.js'),
    npm_node_execpath: path.join(folder, 'outer/node'),
  }
  const sh = (line: string, shell = 'sh') => spawnSync(shell, ['-c', line], { cwd: folder, env, encoding: 'utf8' })
  const calls = () =>
    existsSync(path.join(folder, 'npm-calls'))
      ? readFileSync(path.join(folder, 'npm-calls'), 'utf8').trim().split('\n')
      : []
  return { folder, sh, calls, write }
}

const script = (name: string): string => {
  const found = new RegExp(`"${name}": "([^"]+)"`).exec(readFileSync(path.join(root, 'package.json'), 'utf8'))?.[1]
  if (found === undefined) throw new Error(`package.json has no script ${name}.`)
  return found
}

const shells = ['sh', 'dash', 'bash'].filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0)

test.runIf(pinned).each(shells)('npm start on a fresh clone installs and runs the pinned Node (%s)', (shell) => {
  const { sh, calls } = clone()
  // The shell has looked `node` up for the install; it must not remember where.
  const { status, stdout, stderr } = sh(`${script('start')} --port 5000`, shell)
  expect(stderr).toContain('npm talks')
  expect({ status, out: JSON.parse(stdout) }).toEqual({
    status: 0,
    out: { outer: null, args: ['start', '--port', '5000'] },
  })
  expect(calls()).toEqual([expect.stringMatching(/^ci .*--omit=dev$/)])
})

test.runIf(pinned)('nothing is installed twice, and everything includes what running needs', () => {
  const { sh, calls, write } = clone()
  for (const mode of ['--production', '--production', '', '', '--production']) sh(`node scripts/install.mjs ${mode}`)
  expect(calls()).toEqual([expect.stringContaining('--omit=dev'), expect.stringContaining('--include=dev')])
  write('package-lock.json', '{"changed":true}')
  sh('node scripts/install.mjs --production')
  expect(calls()).toHaveLength(3)
})

test.runIf(pinned)('what a start needs is compiled once, by the installation', () => {
  const { sh, folder } = clone()
  for (let run = 0; run < 2; run++) sh('node scripts/install.mjs --production')
  const starts = readFileSync(path.join(folder, 'starts'), 'utf8').trim().split('\n')
  expect(starts).toEqual([expect.stringMatching(/^start --port 0 --data \S+ --json$/)])
  expect(existsSync(path.join(folder, 'node_modules/.cache/parley'))).toBe(true)
})

test.runIf(pinned)('an image that brings a Node of its own gets no other', () => {
  const { sh, calls } = clone()
  sh('node scripts/install.mjs --production --own-node')
  // What was installed is enough for a start, which asks for no Node of its own.
  sh('node scripts/install.mjs --production')
  expect(calls()).toEqual([expect.stringMatching(/^ci .*--omit=optional --omit=dev$/)])
})

test.runIf(pinned)('a failed install is told, is not taken for one, and nothing is started', () => {
  const { sh, calls, write, folder } = clone()
  write('npm-fails', '')
  const first = sh(script('start'))
  expect({ status: first.status, stdout: first.stdout }).toEqual({ status: 1, stdout: '' })
  expect(first.stderr).toContain('npm ci failed')
  expect(first.stderr).toContain('If another install was running here, run this again.')
  rmSync(path.join(folder, 'npm-fails'))
  expect(sh(script('start')).status).toBe(0)
  expect(calls()).toHaveLength(2)
})

test.runIf(pinned)('of several installs at once one installs, and the others wait for it', () => {
  const { sh, calls, write, folder } = clone()
  write('npm-is-slow', '')
  const { status, stderr } = sh(
    'for i in 1 2 3; do outer/node scripts/install.mjs & all="$all $!"; done; for i in $all; do wait $i || exit 1; done',
  )
  expect(status).toBe(0)
  expect(calls()).toHaveLength(1)
  expect(stderr.match(/Another install is running here \(process \d+\)\. Waiting for its end/g)).toHaveLength(2)
  expect(readdirSync(folder).filter((name) => name.startsWith('.parley-installing'))).toEqual([])
})

test.runIf(pinned)('the lock of an install that was killed is taken over', () => {
  const { sh, calls, write, folder } = clone()
  const { pid } = spawnSync('true')
  write(`.parley-installing/${pid}`, '')
  const { status, stderr } = sh('outer/node scripts/install.mjs')
  expect({ status, calls: calls().length }).toEqual({ status: 0, calls: 1 })
  expect(stderr).not.toContain('Another install')
  expect(existsSync(path.join(folder, '.parley-installing'))).toBe(false)
})

test.runIf(pinned)('the command parley installs, and passes arguments and the exit code on', () => {
  const { sh, calls } = clone()
  const { status, stdout } = sh('outer/node bin/parley.js room list fail')
  expect(status).toBe(5)
  expect(JSON.parse(stdout)).toMatchObject({ args: ['room', 'list', 'fail'] })
  expect(calls()).toHaveLength(1)
  expect(sh('parley x').stdout).toContain('"args":["x"]')
})

test.runIf(pinned)('a signal to the command reaches what it runs, and its exit code comes back', () => {
  const { sh } = clone()
  sh('node scripts/install.mjs --production')
  // A copy of the binary in another place is not the pinned one, so a process of its own is started and can be signalled.
  const other = sh(
    'node=$(readlink -f node_modules/.bin/node); { ln "$node" outer/copy 2>/dev/null || cp "$node" outer/copy; } && outer/copy bin/parley.js killed',
  )
  expect(other.stdout).toContain('"args":["killed"]')
  expect(other.status).toBe(42)
})
