// A real server on a free port and an own folder: in this process, or as a process of its own that can be killed.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/config.ts'
import type { PresenceTimes } from '../../src/live/presence/devices.ts'
import { createLogger } from '../../src/logger.ts'
import { startServer } from '../../src/server.ts'
import type { EngineSettings } from './clusterEngines.ts'

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly graphql: string
  readonly ws: string
  readonly folder: string
}

interface TestServerOptions {
  /** Settings as variables: `{ PARLEY_RATE_LIMITS: 'on' }`. Rate limits are off and logs silent unless said. */
  readonly env?: Readonly<Record<string, string>>
  /** A folder to go on with; it is then not removed. */
  readonly folder?: string
  /** Shorter than they are for people; only of a server in this process. */
  readonly presenceTimes?: PresenceTimes
}

let enginesOf: ((name: string) => EngineSettings) | undefined

/** From now on each new folder names these engines in its settings: whatever opens it, a server or the command line, uses them. */
export function useEngines(settings: (name: string) => EngineSettings): void {
  enginesOf = settings
}

/** Whether the log and the read models lie in the folder, so that whoever copies or damages it does that to them. */
export const storesInFolder = (): boolean => enginesOf === undefined

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'))
  if (enginesOf) await writeFile(join(folder, 'parley.json'), JSON.stringify(enginesOf(basename(folder))))
  return folder
}

const quiet = { PARLEY_RATE_LIMITS: 'off', PARLEY_LOG_LEVEL: 'silent', PARLEY_PORT: '0' }

/** Starts a server in this process. Dispose to stop it and remove its folder. */
export async function startTestServer({
  env = {},
  folder,
  presenceTimes,
}: TestServerOptions = {}): Promise<TestServer> {
  const data = folder ?? (await newFolder())
  const { config } = loadConfig({ env: { ...quiet, ...env, PARLEY_DATA: data }, cwd: data })
  const server = await startServer({ config, logger: await createLogger({ config }), presenceTimes })
  return {
    url: server.url,
    graphql: server.graphql,
    ws: server.ws,
    folder: data,
    [Symbol.asyncDispose]: async () => {
      await server.close('the test is over')
      if (folder === undefined) await rm(data, { recursive: true, force: true })
    },
  }
}

export interface ServerProcess extends TestServer {
  readonly child: ChildProcess
  /** Everything that it has written to stderr. */
  log(): string
  /** Ends it at once, as a power cut of the process would, and waits until it is gone. */
  kill(): Promise<void>
  /** Asks it to stop, and gives its exit code. */
  stop(): Promise<number | null>
}

const main = fileURLToPath(new URL('../../bin/parley.js', import.meta.url))

/** Starts a server as a process of its own, on a folder that stays. @throws with what it said when it does not become ready */
export async function startServerProcess({ env = {}, folder }: TestServerOptions = {}): Promise<ServerProcess> {
  const data = folder ?? (await newFolder())
  const child = spawn(process.execPath, [main, 'start', '--data', data, '--port', env.PARLEY_PORT ?? '0', '--json'], {
    env: { ...process.env, ...quiet, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const first = await Promise.race([firstLine(child.stdout), gone])
  if (typeof first !== 'string') throw new Error(`The server did not start: ${log}`)
  const { url, graphql, ws }: { url: string; graphql: string; ws: string } = JSON.parse(first)
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    return await gone
  }
  return {
    url,
    graphql,
    ws,
    folder: data,
    child,
    log: () => log,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL')
      if (folder === undefined) await rm(data, { recursive: true, force: true })
    },
  }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line
  return undefined
}
