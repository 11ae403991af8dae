// The servers that Parley is measured beside, each a process of its own.

import { fork, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Kind } from './dialogues.ts'

export type PeerName = Exclude<Kind, 'parley'> | 'socketIoStored' | 'socketIoRecovering' | 'expressStored'

export interface Peer extends Disposable {
  readonly port: number
  readonly pid: number
}

const here = fileURLToPath(new URL('.', import.meta.url))

/** Those by which an installation of before is told from one of now. */
const packages = ['express', 'mercurius', 'socket.io']

/** They are no dependencies of Parley: they lie in a folder of their own. @throws where they cannot be installed */
export function installPeers(): void {
  if (packages.every((name) => existsSync(`${here}node_modules/${name}`))) return
  console.log('Installing what Parley is measured beside ...')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('The peers cannot be installed: see above. They need a network once.')
}

/** Only where Python has it: it is installed by nobody here. Says so where it is left out. */
export function hasFlaskSocketIo(): boolean {
  const there = spawnSync('python3', ['-c', 'import flask_socketio']).status === 0
  if (!there) console.log('Flask-SocketIO is left out: python3 cannot import flask_socketio.')
  return there
}

export async function startPeer(name: PeerName, env: Readonly<Record<string, string>> = {}): Promise<Peer> {
  if (name === 'flaskSocketIo') return await startPython(name)
  const child = fork(`${here}peers/${name}.ts`, { env: { ...process.env, ...env } })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', ({ port }: { readonly port: number }) => resolve(port))
    child.once('exit', () => reject(new Error(`The peer ${name} did not start.`)))
  })
  if (child.pid === undefined) throw new Error(`The peer ${name} has no process.`)
  return { port, pid: child.pid, [Symbol.dispose]: () => void child.disconnect() }
}

/** It prints its port on a line, and ends with its input. */
async function startPython(name: string): Promise<Peer> {
  const child = spawn('python3', [`${here}peers/${name}.py`], { stdio: ['pipe', 'pipe', 'inherit'] })
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)))
    child.once('exit', () => reject(new Error(`The peer ${name} did not start.`)))
  })
  if (child.pid === undefined) throw new Error(`The peer ${name} has no process.`)
  return { port, pid: child.pid, [Symbol.dispose]: () => void child.stdin.end() }
}
