// How far a pass over the log has come, for whoever waits for it.

import type { EventStore, Position } from './eventstore/port.ts'

/** Told at most so often, in ms. */
const every = 100

/**
 * @returns called after each page, with the events so far and where it stands; tells it now and then. How many events
 * there are is not known before; where positions are numbers, they are close to it.
 */
export async function logProgress(store: EventStore, emit: (progress: object) => Promise<void>) {
  const total = ordinal(await store.end())
  let told = 0
  return ({ events, position }: { readonly events: number; readonly position: Position }): void => {
    if (performance.now() - told < every) return
    told = performance.now()
    void emit({ done: total === undefined ? events : (ordinal(position) ?? 0), total: total ?? events, what: 'events' })
  }
}

/** A position as a number, where the engine's are numbers. Only for showing progress. */
function ordinal(position: Position): number | undefined {
  const number = Number.parseInt(position, 16)
  return Number.isSafeInteger(number) ? number : undefined
}
