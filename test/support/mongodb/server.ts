// A MongoDB for the tests: the one that PARLEY_TEST_MONGODB names, or mongo-java-server in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CannotFetch, mongoJars } from './jars.ts'

/** What mongo-java-server 1.47.0 cannot show, whatever the tests on it say. */
export const notJudged: readonly string[] = [
  'that an index is used: secondary indexes are accepted and do nothing',
  'texts with characters above U+FFFF in the order of code points: they are compared by UTF-16 unit',
  'a query stopped in the middle: it is told at its end that it took too long',
  'elections, write concerns and read concerns: there is one member, and they are accepted and do nothing',
  'retried writes, sessions and transactions: there are none',
  'expiry (TTL), collations, $text: not used by Parley either',
  'the order within a bulk: not honoured, and not relied on',
  'TLS, accounts and their roles',
]

export interface MongoServer {
  /** Without a database at its end. */
  readonly origin: string
  /** With a database of its own for each name. The server is taken to be the one at this address, whatever it calls itself. */
  url(database?: string): string
  /** Undefined where it is not ours to stop. */
  readonly process: MongoProcess | undefined
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface MongoProcess {
  readonly port: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: its connections stay open, and it answers nothing. */
  pause(): void
  /** SIGCONT */
  resume(): void
  /** After `kill`: on the same port, with its data where it keeps them. */
  start(): Promise<void>
}

export interface MongoOptions {
  /** What was acknowledged is there after `kill` and `start`. It is slower then. */
  readonly keepsData?: boolean
  /** It calls itself no replica set. */
  readonly standalone?: boolean
  /** Without one it takes a free one. */
  readonly port?: number
}

/**
 * @returns undefined where there is none; the reason has then been printed
 * @throws where it does not start
 */
export async function startMongo(options: MongoOptions = {}): Promise<MongoServer | undefined> {
  const given = process.env.PARLEY_TEST_MONGODB
  if (given && !options.standalone) return anyServer(given)
  try {
    return await startOurs(await mongoJars(), options)
  } catch (error) {
    if (!(error instanceof CannotFetch)) throw error
    process.stdout.write(`skipped on MongoDB: ${error.message}. PARLEY_TEST_MONGODB=mongodb://… names any other.\n`)
    return undefined
  }
}

/** Names what a test on this server says nothing about. */
export function printNotJudged({ process: ours }: MongoServer): void {
  if (ours === undefined) return
  process.stdout.write(
    `MongoDB is mongo-java-server here. Not judged here:\n${notJudged.map((it) => `  - ${it}\n`).join('')}`,
  )
}

function anyServer(given: string): MongoServer {
  const { origin, query } = split(given)
  const run = randomBytes(4).toString('hex')
  return {
    origin,
    url: (database = 'documents') => `${origin}/parley_test_${run}_${database}${query}`,
    process: undefined,
    // Its databases are left to whoever gave it: what they show may be wanted.
    stop: async () => {},
  }
}

function split(url: string): { readonly origin: string; readonly query: string } {
  const [, origin = url, query = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(url) ?? []
  return { origin, query }
}

const main = fileURLToPath(new URL('./MongoServerMain.java', import.meta.url))

async function startOurs(
  jars: string,
  { keepsData = false, standalone = false, port = 0 }: MongoOptions,
): Promise<MongoServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-mongodb-'))
  const start = async (at: number): Promise<{ readonly child: ChildProcess; readonly port: number }> => {
    const flags = [String(at), ...(keepsData ? ['--folder', folder] : []), ...(standalone ? ['--standalone'] : [])]
    // It ends when its input does: with this process.
    const child = spawn(
      'java',
      ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, main, ...flags],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    const lines = createInterface({ input: child.stdout })
    const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [undefined])])
    if (typeof line !== 'string') throw new Error('The MongoDB of the tests did not start; what it said stands above.')
    return { child, port: Number(line) }
  }
  let running = await start(port)
  const kill = async (): Promise<void> => {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  const origin = `mongodb://127.0.0.1:${running.port}`
  return {
    origin,
    url: (database = 'documents') => `${origin}/parley_${database}?directConnection=true`,
    process: {
      port: running.port,
      kill,
      pause: () => void running.child.kill('SIGSTOP'),
      resume: () => void running.child.kill('SIGCONT'),
      start: async () => {
        running = await start(running.port)
      },
    },
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
