// The copy of a log: what is in it, and what must not stay in it.

import { keepsOnlyNewest } from '../domain/streams.ts'
import type { RecordedEvent } from '../eventstore/port.ts'
import { start } from '../eventstore/port.ts'
import { openSqliteEventStore } from '../eventstore/sqlite/store.ts'
import type { LogSummary } from './manifest.ts'

interface LookOptions {
  /** Holds `log.db`. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** Bodies forgotten in one transaction. */
const forgottenAtOnce = 10_000

/**
 * Reads the whole log, changing nothing.
 *
 * @throws {CannotOpen}
 */
export async function lookThrough({ folder, signal }: LookOptions): Promise<LogSummary> {
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest, readOnly: true })
  try {
    return await summaryOf(store.readAll({ signal }), () => {})
  } finally {
    await store.close()
  }
}

/**
 * Overwrites what was deleted and not yet forgotten when the copy was made: a backup that is made after a deletion does
 * not hold the text.
 *
 * @throws {CannotOpen}
 */
export async function forgetDeleted({ folder, signal }: LookOptions): Promise<LogSummary> {
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
  try {
    const forgotten: string[] = []
    const summary = await summaryOf(store.readAll({ signal }), ({ data }) => {
      if (Array.isArray(data.forgets)) for (const id of data.forgets) if (typeof id === 'string') forgotten.push(id)
    })
    for (let from = 0; from < forgotten.length; from += forgottenAtOnce)
      await store.forget(forgotten.slice(from, from + forgottenAtOnce))
    return summary
  } finally {
    await store.close()
  }
}

async function summaryOf(
  pages: AsyncIterable<readonly RecordedEvent[]>,
  take: (event: RecordedEvent) => void,
): Promise<LogSummary> {
  let events = 0
  let end: string = start
  let anchor: LogSummary['anchor'] = null
  for await (const page of pages) {
    events += page.length
    for (const event of page) take(event)
    end = page.at(-1)?.position ?? end
    const kept = page.findLast(({ stream }) => !keepsOnlyNewest(stream))
    if (kept) anchor = { position: kept.position, id: kept.id }
  }
  return { events, end, anchor }
}
