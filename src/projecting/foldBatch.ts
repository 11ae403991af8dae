// Folds one batch of events into several builds.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import type { EventType, Recorded } from '../domain/events.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { RecordedEvent } from '../eventstore/port.ts'
import { FoldFailed, type Target } from './target.ts'

/** Lets others have their turn of the event loop when this one has lasted long enough. */
export class Pace {
  readonly #ms: number
  #since = performance.now()

  /** `ms`: how long a turn may last, about. */
  constructor(ms: number) {
    this.#ms = ms
  }

  begin(): void {
    this.#since = performance.now()
  }

  async step(): Promise<void> {
    if (performance.now() - this.#since < this.#ms) return
    await nextTurn()
    this.begin()
  }
}

/** What can be read of these events, and how many cannot. */
export function decodeAll(events: readonly RecordedEvent[]): {
  readonly decoded: readonly Recorded[]
  readonly skipped: number
} {
  const decoded: Recorded[] = []
  for (const event of events) {
    const one = decode(event)
    if (isDecoded(one)) decoded.push(one)
  }
  return { decoded, skipped: events.length - decoded.length }
}

interface FoldOptions {
  readonly documents: Documents
  readonly pace: Pace
  /** Runs a read of the documents store, as often as it takes. */
  readonly reading: <T>(read: () => Promise<T>) => Promise<T>
}

/** Events in a slice, at most: what one turn of the event loop can fold into a few builds. */
const slice = 1_000

/**
 * Folds the events into each target, in memory. What must be written is then taken from the targets.
 * @returns the targets that an error stopped, and why
 */
export async function foldBatch(
  targets: readonly Target[],
  events: readonly Recorded[],
  { documents, pace, reading }: FoldOptions,
): Promise<ReadonlyMap<Target, FoldFailed>> {
  const failures = new Map<Target, FoldFailed>()
  const attempt = (target: Target, step: () => void): void => {
    try {
      step()
    } catch (error) {
      if (!(error instanceof FoldFailed)) throw error
      target.forgetBatch()
      failures.set(target, error)
    }
  }
  pace.begin()
  for (let from = 0; from < events.length; from += slice) {
    const part = events.length <= slice ? events : events.slice(from, from + slice)
    const types = new Set<EventType>(part.map((event) => event.type))
    const touched = targets.filter((target) => !failures.has(target) && target.types.some((type) => types.has(type)))
    for (const target of touched) {
      attempt(target, () => target.plan(part))
      await pace.step()
    }
    const loads: Promise<void>[] = []
    for (const target of touched) {
      const missing = target.missing()
      if (missing.length > 0) loads.push(reading(() => target.load(documents, missing)))
    }
    if (loads.length > 0) {
      await Promise.all(loads)
      pace.begin()
    }
    for (const target of touched) {
      if (!failures.has(target)) attempt(target, () => target.fold())
      await pace.step()
    }
  }
  return failures
}
