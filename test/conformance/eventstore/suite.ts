// What every engine of the log must do, whichever it is.

import { appendingSuite } from './appending.ts'
import type { OpenEngine } from './engine.ts'
import { followingSuite } from './following.ts'
import { readingSuite } from './reading.ts'

export function eventStoreSuite(name: string, openEngine: OpenEngine): void {
  appendingSuite(name, openEngine)
  readingSuite(name, openEngine)
  followingSuite(name, openEngine)
}
