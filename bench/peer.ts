// The servers that Parley is measured beside, each a process of its own.

import { fork, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type PeerName = 'rawWs' | 'socketIo' | 'graphqlWs' | 'socketIoStored' | 'expressStored'

export interface Peer extends Disposable {
  readonly port: number
  readonly pid: number
}

const here = fileURLToPath(new URL('.', import.meta.url))

/** They are no dependencies of Parley: they lie in a folder of their own. @throws where they cannot be installed */
export function installPeers(): void {
  if (existsSync(`${here}node_modules/socket.io`) && existsSync(`${here}node_modules/express`)) return
  console.log('Installing what Parley is measured beside ...')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('The peers cannot be installed: see above. They need a network once.')
}

export async function startPeer(name: PeerName, env: Readonly<Record<string, string>> = {}): Promise<Peer> {
  const child = fork(`${here}peers/${name}.ts`, { env: { ...process.env, ...env } })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', ({ port }: { readonly port: number }) => resolve(port))
    child.once('exit', () => reject(new Error(`The peer ${name} did not start.`)))
  })
  if (child.pid === undefined) throw new Error(`The peer ${name} has no process.`)
  return { port, pid: child.pid, [Symbol.dispose]: () => void child.disconnect() }
}
