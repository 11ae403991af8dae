// Carries out a method on the server that runs on the data folder, or without one where none runs.

import type { Config } from '../config.ts'
import type { CallOptions } from './control.ts'
import { CliFailure, exit } from './exit.ts'
import { expectLog } from './logThere.ts'

/** What may begin a new log: accounts and rooms can be made before the first start. */
const beginners: ReadonlySet<string> = new Set(['users.create', 'rooms.create'])

export interface MethodCall extends CallOptions {
  readonly config: Config
  readonly method: string
  readonly params?: object
  /** What makes sense on a running server only. */
  readonly onlyRunning?: boolean
}

/**
 * @returns the method's result, unchecked
 * @throws {CliFailure} it has to run, and does not; or there is no log
 */
export async function callMethod({
  config,
  method,
  params = {},
  onlyRunning,
  ...options
}: MethodCall): Promise<unknown> {
  const { callControl } = await import('./control.ts')
  const answer = await callControl(config.data, method, params, options)
  if (answer !== 'not running') return answer.result
  if (onlyRunning)
    throw new CliFailure(
      `No server runs on ${config.data}. Start it, or name another folder with --data.`,
      exit.notReachable,
    )
  if (!beginners.has(method)) expectLog(config)
  const { openOffline } = await import('../offline.ts')
  const offline = await openOffline({ config })
  try {
    const handler = offline.handlers[method]
    if (handler === undefined)
      throw new CliFailure(`${method} needs a running server. Start it, then try again.`, exit.notReachable)
    const signal = options.signal ?? new AbortController().signal
    return await handler(params, async (progress) => options.onProgress?.(progress), signal)
  } finally {
    await offline.close()
  }
}
