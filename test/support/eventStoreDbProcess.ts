// The server that speaks EventStoreDB's protocol as a process of its own: to be killed, stopped and started again on its folder.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface EventStoreDbProcess extends AsyncDisposable {
  readonly connectionString: string
  readonly port: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** After `kill`: on the same port, with the same log. */
  start(): Promise<void>
  /** SIGSTOP: its connections stay open, and it answers nothing. */
  pause(): void
  /** SIGCONT */
  resume(): void
}

const main = fileURLToPath(new URL('./eventstoredb/main.ts', import.meta.url))

/** On a new folder, which goes with it. */
export async function startEventStoreDbProcess({
  batchAppend,
}: {
  readonly batchAppend: boolean
}): Promise<EventStoreDbProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
  const flags = batchAppend ? [] : ['--no-batch-append']
  const begin = async (at: number): Promise<{ child: ChildProcess; connectionString: string; port: number }> => {
    const child = spawn(process.execPath, [main, folder, `${at}`, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const lines = createInterface({ input: child.stdout })
    const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [undefined])])
    if (typeof line !== 'string') throw new Error(`The log server did not start: ${said}`)
    const { connectionString, port }: { connectionString: string; port: number } = JSON.parse(line)
    return { child, connectionString, port }
  }
  let running = await begin(0)
  const { connectionString, port } = running
  const kill = async (): Promise<void> => {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    connectionString,
    port,
    kill,
    start: async () => {
      running = await begin(port)
    },
    pause: () => void running.child.kill('SIGSTOP'),
    resume: () => void running.child.kill('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
