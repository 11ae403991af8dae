// The log of a folder that no server uses at this moment, on the engine that the folder's settings name.

import { loadConfig } from '../../src/config.ts'
import { openEngines } from '../../src/engines.ts'
import type { EventStore } from '../../src/eventstore/port.ts'

/** Opens it for the time of the work. @throws {CannotOpen} where it is damaged or in use */
export async function withLog<T>(folder: string, work: (store: EventStore) => Promise<T>): Promise<T> {
  const { config } = loadConfig({ env: { PARLEY_DATA: folder }, cwd: folder })
  await using engines = await openEngines({ config, onFault: () => {} })
  return await work(engines.store)
}
