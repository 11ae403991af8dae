// The server as a process of its own, so that it can be killed, stopped and started again on the same folder and port.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const main = new URL('./main.ts', import.meta.url).pathname

export class EventStoreDbProcess {
  readonly #folder: string
  readonly #flags: readonly string[]
  #child: ChildProcess | undefined
  /** 0 before it was started for the first time; the same ever after. */
  port = 0

  constructor(folder: string, options: { batchAppend: boolean; dropsSlowConsumers?: boolean }) {
    this.#folder = folder
    this.#flags = [
      ...(options.batchAppend ? [] : ['--no-batch-append']),
      ...(options.dropsSlowConsumers ? ['--drop-slow-consumers'] : []),
    ]
  }

  get connectionString(): string {
    return `esdb://127.0.0.1:${this.port}?tls=false`
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const args = [main, this.#folder, String(this.port), ...this.#flags]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    const lines = createInterface({ input: child.stdout })
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`The server ended with ${String(code)} before it served.`)
    })
    const [line] = await Promise.race([once(lines, 'line'), ended])
    ended.catch(() => {})
    this.port = JSON.parse(String(line)).port
  }

  /** SIGKILL and SIGTERM resolve when it has ended; SIGSTOP and SIGCONT at once. */
  async signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = name === 'SIGKILL' || name === 'SIGTERM' ? once(child, 'exit') : undefined
    child.kill(name)
    await ended
  }
}
