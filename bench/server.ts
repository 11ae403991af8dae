// A server as a process of its own, as its users start it.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface BenchServer extends AsyncDisposable {
  readonly graphql: string
  readonly ws: string
  readonly pid: number
  /** From spawning the process to its saying that it is ready, in ms. */
  readonly readyMs: number
}

export interface BenchServerOptions {
  /** The data folder; it stays. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** A folder for its CPU profiles: one of the process, one of each of its workers. */
  readonly profile?: string | undefined
}

const main = fileURLToPath(new URL('../bin/parley.js', import.meta.url))

/** Disposing asks it to stop and waits until it has. @throws with what it said when it does not become ready */
export async function startBenchServer({ folder, env = {}, profile }: BenchServerOptions): Promise<BenchServer> {
  const flags = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]
  const from = performance.now()
  const child = spawn(process.execPath, [...flags, main, 'start', '--data', folder, '--port', '0', '--json'], {
    env: { ...withoutSettings(), PARLEY_RATE_LIMITS: 'off', PARLEY_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-20_000)
  })
  const gone = new Promise<undefined>((resolve) => child.once('exit', () => resolve(undefined)))
  // It must not outlive the bench, however that ends.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  void gone.then(() => process.off('exit', end))
  const ready = await Promise.race([firstLine(child.stdout), gone])
  const readyMs = performance.now() - from
  if (ready === undefined) throw new Error(`The server did not start: ${said}`)
  const { graphql, ws, pid }: { graphql: string; ws: string; pid: number } = JSON.parse(ready)
  return {
    graphql,
    ws,
    pid,
    readyMs,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** What whoever runs the bench has set must not change what is measured. */
const withoutSettings = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PARLEY_|NODE_COMPILE_CACHE$)/.test(name)))

async function firstLine(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line
  return undefined
}
