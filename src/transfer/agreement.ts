// How far a log holds what a file says: the same events in the same order, from the first on.

import type { EventStore, RecordedEvent } from '../eventstore/port.ts'
import { lineOf, type TransferredEvent, transferred } from './format.ts'

interface AgreementOptions {
  readonly events: AsyncIterable<readonly TransferredEvent[]>
  readonly store: EventStore
  /** Called now and then, with the events that were compared. */
  readonly onProgress: (events: number) => void
  readonly signal: AbortSignal
}

export interface Agreement {
  /** Events that are the same in both, from the first on. */
  readonly same: number
  /** What the log holds there instead, or behind the last event of the file; undefined where the log ends. */
  readonly other: RecordedEvent | undefined
  /** Whether the file has more events than that. */
  readonly more: boolean
}

/** Reads both to where they part, or to the end of one of them. */
export async function agreement({ events, store, onProgress, signal }: AgreementOptions): Promise<Agreement> {
  const file = single(events)
  const log = single(store.readAll({ signal }))
  let same = 0
  try {
    for (;;) {
      const [told, held] = [await file.next(), await log.next()]
      if (told === undefined || held === undefined) return { same, other: held, more: told !== undefined }
      if (held.damaged !== undefined || lineOf(transferred(held)) !== lineOf(told))
        return { same, other: held, more: true }
      same += 1
      if (same % 1_000 === 0) onProgress(same)
    }
  } finally {
    await Promise.all([file.close(), log.close()])
  }
}

/** One after the other, of what comes in pages. */
function single<T>(pages: AsyncIterable<readonly T[]>) {
  const iterator = pages[Symbol.asyncIterator]()
  let page: readonly T[] = []
  let at = 0
  return {
    async next(): Promise<T | undefined> {
      while (at >= page.length) {
        const next = await iterator.next()
        if (next.done) return undefined
        page = next.value
        at = 0
      }
      return page[at++]
    },
    close: async () => void (await iterator.return?.()),
  }
}
