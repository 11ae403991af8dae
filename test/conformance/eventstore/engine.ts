// One empty log for each test.

import { afterEach, beforeEach } from 'vitest'
import type { EventStore } from '../../../src/eventstore/port.ts'

/** Streams whose names begin with this keep only their newest event, in every engine under test. */
export const newestOnly = 'presence-'

export interface Engine {
  readonly store: EventStore
  /** Closes the store and opens the same log again. */
  reopen(): Promise<EventStore>
  /** Closes the store and removes the log. */
  close(): Promise<void>
}

export type OpenEngine = () => Promise<Engine>

/** Opens an engine before each test of the describe block, and closes it after. */
export function eachTest(openEngine: OpenEngine): { readonly store: EventStore; reopen(): Promise<EventStore> } {
  let engine: Engine | undefined
  const current = (): Engine => {
    if (engine === undefined) throw new Error('No test is running.')
    return engine
  }
  beforeEach(async () => {
    engine = await openEngine()
  })
  afterEach(async () => {
    await engine?.close()
    engine = undefined
  })
  return {
    get store() {
      return current().store
    },
    reopen: () => current().reopen(),
  }
}
