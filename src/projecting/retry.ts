// Tries again until a store answers. Nothing is lost while it does not: what comes meanwhile waits, or is read from the log later.

import { setTimeout as sleep } from 'node:timers/promises'
import { RecordConflict } from '../documents/port.ts'

export interface Persistence {
  readonly signal: AbortSignal
  /** Told after each failure, before the wait. */
  readonly onFailure: (error: unknown) => void
  /** Told when it worked after a failure. */
  readonly onRecovery?: () => void
}

/**
 * Runs `work` until it succeeds, with growing waits (50 ms to 2 s: it is to go on soon after the store is back) of full jitter in between.
 * @throws {RecordConflict} at once: trying again cannot help
 * @throws the signal's reason, once it is aborted
 */
export async function untilDone<T>(work: () => Promise<T>, { signal, ...told }: Persistence): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      const result = await work()
      if (failures > 0) told.onRecovery?.()
      return result
    } catch (error) {
      if (error instanceof RecordConflict || signal.aborted) throw error
      told.onFailure(error)
      await sleep(Math.random() * Math.min(2_000, 50 * 2 ** failures), undefined, { signal })
    }
  }
}

/** What a log line says of an error. */
export const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))
