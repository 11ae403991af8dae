// Appending a batch until it is known what became of it.

import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalJson } from '../domain/canonicalJson.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import { isDerived } from '../domain/ids.ts'
import {
  type Appended,
  AppendTooLarge,
  type EventStore,
  type Expected,
  type NewEvent,
  OutcomeUnknown,
  StoreUnavailable,
  WrongExpectedRevision,
} from '../eventstore/port.ts'
import { storesAway } from './input.ts'
import { inTime } from './inTime.ts'

const unsettled = refuse(
  'UNAVAILABLE',
  'The log did not confirm in time, so the outcome is unknown. Send it again with the same key: it will not happen twice.',
)

/** What is written is looked at for so long at least, in ms. */
const leastMs = 500

const unanswered = () => new OutcomeUnknown('The log did not answer in time.')

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly appended: Appended }
  /** Others were faster; nothing was written. */
  | { readonly kind: 'conflict' }
  /** `certain`: nothing was written, and nothing of it can still be. */
  | { readonly kind: 'failed'; readonly refusal: Refusal; readonly certain: boolean }

interface Appending {
  readonly store: EventStore
  readonly stream: string
  readonly events: readonly NewEvent[]
  readonly expected: Expected
  /** Of `performance.now()`. */
  readonly deadline: number
  /** Other nodes append to the log too. */
  readonly shared: boolean
}

/** Appends until the outcome is known, or the time is over. */
export async function appendUntilKnown(appending: Appending): Promise<AppendOutcome> {
  const outcome = await append(appending)
  const { events, shared } = appending
  // The same key sent through two nodes at once gives the same ids, after the same revision: the log takes the second append
  // for the first one sent again, and need not say so. Whose events are there is then to be read.
  const doubtful = shared && events.some(({ id }) => isDerived(id))
  if (outcome.kind !== 'appended' || !doubtful) return outcome
  try {
    const deadline = Math.max(appending.deadline, performance.now() + leastMs)
    const ours = await inTime(areOurs(appending, outcome.appended), deadline, unanswered)
    return ours ? outcome : { kind: 'conflict' }
  } catch {
    return { kind: 'failed', refusal: unsettled, certain: false }
  }
}

/** Whether the events that are there came of these very requests. */
async function areOurs({ store, stream, events }: Appending, { firstRevision }: Appended): Promise<boolean> {
  let index = 0
  for await (const page of store.readStream(stream, { from: firstRevision, limit: events.length }))
    for (const there of page) {
      const { id, metadata, data } = events[index++] ?? {}
      if (there.id !== id || factsOf(there) !== canonicalJson({ metadata, data })) return false
    }
  return index === events.length
}

const factsOf = ({ metadata, data }: NewEvent): string => canonicalJson({ metadata, data })

async function append({ store, stream, events, expected, deadline }: Appending): Promise<AppendOutcome> {
  for (let failures = 0; ; failures++) {
    try {
      // The store's own limits may be longer than a caller's patience.
      return { kind: 'appended', appended: await inTime(store.append(stream, events, expected), deadline, unanswered) }
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return { kind: 'conflict' }
      if (error instanceof StoreUnavailable) {
        // After an unknown outcome "nothing was written" speaks of this try only.
        if (failures > 0) return { kind: 'failed', refusal: unsettled, certain: false }
        return { kind: 'failed', refusal: storesAway, certain: true }
      }
      if (error instanceof AppendTooLarge)
        return { kind: 'failed', refusal: refuse('TOO_LARGE', error.message), certain: true }
      if (!(error instanceof OutcomeUnknown)) throw error
      // The identical batch again: it is there already, it gets there now, or the revision shows that others were first.
      if (performance.now() >= deadline) return { kind: 'failed', refusal: unsettled, certain: false }
      await sleep(Math.min(500, 10 * 2 ** failures) * Math.random())
    }
  }
}
