// A data folder opened without a server: for the verbs of the command line that read or mend it.

import { allProjections } from '../projections/all.ts'
import { Commands } from './commands/commands.ts'
import { newUuid } from './commands/occasion.ts'
import type { Config } from './config.ts'
import { openEngines } from './engines.ts'
import { methodsOf } from './methods.ts'
import { Projecting, ReadModelsOfAnotherLog } from './projecting/projecting.ts'
import { refusePendingImport } from './transfer/pendingImport.ts'

interface Offline {
  readonly handlers: ReturnType<typeof methodsOf>
  close(): Promise<void>
}

/** Nobody else is served, so large batches hold nobody up. */
const batch = 10_000

/** @throws {CannotOpen} as `openEngines` */
export async function openOffline({ config }: { readonly config: Config }): Promise<Offline> {
  const trouble = (message: string): void => void process.stderr.write(`${message}\n`)
  const engines = await openEngines({ config, onFault: trouble })
  const { store, documents, sharedAs } = engines
  try {
    await refusePendingImport(documents)
  } catch (error) {
    await engines[Symbol.asyncDispose]()
    throw error
  }
  const logger = { info: () => {}, warn: trouble, error: trouble }
  const projecting = new Projecting({
    store,
    documents,
    projections: allProjections,
    logger,
    // Servers may run on other folders.
    ...(sharedAs !== undefined && { shared: { holder: `${sharedAs}/${newUuid()}` } }),
  })
  const commands = new Commands({
    store,
    documents,
    models: projecting.readModels,
    shared: sharedAs !== undefined,
  })
  await commands.open()
  let opened: Promise<void> | undefined
  /** Only what needs the read models waits for them. */
  const openModels = (fresh: boolean): Promise<void> => {
    opened ??= projecting.open().catch((error) => {
      // A rebuild of everything is what mends this; anything else must not touch them.
      if (fresh && error instanceof ReadModelsOfAnotherLog) return projecting.open({ fresh })
      throw error
    })
    return opened
  }
  const methods = methodsOf({ store, documents, projecting, commands, batch })
  const withModels =
    (name: string, { fresh = false, level = false } = {}): (typeof methods)[string] =>
    async (params, emit, signal) => {
      await openModels(fresh && typeof params === 'object' && params !== null && 'all' in params)
      if (level) await projecting.catchUp(signal)
      const method = methods[name]
      if (!method) throw new Error(`There is no method ${name}.`)
      return await method(params, emit, signal)
    }
  return {
    handlers: {
      ...methods,
      'projections.list': withModels('projections.list', { level: true }),
      'projections.rebuild': withModels('projections.rebuild', { fresh: true }),
      'projections.verify': withModels('projections.verify', { level: true }),
      ...Object.fromEntries(
        Object.keys(methods)
          .filter((name) => /^(users|rooms)\./.test(name))
          .map((name) => [name, withModels(name, { level: true })]),
      ),
    },
    close: async () => {
      await commands.close()
      if (opened) await projecting.close()
      await engines[Symbol.asyncDispose]()
    },
  }
}
