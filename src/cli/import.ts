// `parley import`: an export into an empty log, of whichever engine.

import { statSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config.ts'
import type { Documents } from '../documents/port.ts'
import type { Imported } from '../transfer/importing.ts'
import { CliFailure } from './exit.ts'
import { interruption } from './interrupt.ts'
import { data, talk } from './output.ts'
import { Progress } from './progress.ts'
import { settingsFor } from './settings.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export const importVerb = (): Command =>
  folderVerb('import', {
    description:
      'an export into an empty log, while no server runs on it. The same command again goes on where the log ends',
    examples: ['parley import /var/backups/parley.jsonl --data /var/lib/parley-new', 'parley import chat.jsonl --json'],
  })
    .argument('<file>', 'what "parley export" wrote')
    .action(importFromFile)

/** The embedded log writes appends in the order in which they were called; others promise that of one at a time only. */
const appendsAtOnce = ({ eventstore }: Config): number => (eventstore === 'sqlite' ? 256 : 1)

async function importFromFile(name: string, { json, ...flags }: FolderOptions): Promise<void> {
  const { config } = await settingsFor(flags)
  const file = path.resolve(name)
  const { events, before } = await read(file, config)
  if (json) return await data(JSON.stringify({ file, events, before }))
  await data(
    before === events
      ? `All ${events.toLocaleString('en-US')} events were there already, the same`
      : `${events.toLocaleString('en-US')} events imported and compared`,
  )
}

async function read(name: string, config: Config): Promise<Imported> {
  const [{ openExport, wholeExport }, { importLog }] = await Promise.all([
    import('../transfer/fileEvents.ts'),
    import('../transfer/importing.ts'),
  ])
  const signal = interruption()
  let progress = new Progress({ title: 'Checking' })
  let begun = false
  try {
    await using file = await openExport(name)
    const total = statSync(name).size
    const onProgress = (bytes: number): void => progress.update({ done: bytes, total, what: 'bytes' })
    const trailer = await wholeExport({ file, path: name, onProgress, signal })
    progress.stop()
    // Only a file that is whole opens a log: a wrong one leaves nothing behind.
    const { openEngines } = await import('../engines.ts')
    await using engines = await openEngines({ config, onFault: talk })
    // One that runs on this folder holds it.
    if (engines.sharedAs !== undefined) await refuseNodes(engines.documents)
    begun = true
    let step = ''
    return await importLog({
      ...{ file, path: name, trailer, signal, atOnce: appendsAtOnce(config) },
      ...{ store: engines.store, documents: engines.documents },
      onProgress: (now, done) => {
        if (now !== step) {
          progress.stop()
          progress = new Progress({ title: now === 'append' ? 'Importing' : 'Comparing' })
          step = now
        }
        progress.update({ done, total: trailer.events, what: 'events' })
      },
    })
  } catch (error) {
    if (signal.aborted) throw new CliFailure(`The import was stopped.${begun ? goesOn : ''}`)
    throw failureOf(error)
  } finally {
    progress.stop()
  }
}

async function refuseNodes(documents: Documents): Promise<void> {
  const { someNodeLives } = await import('../live/presence/leasedLives.ts')
  if (await someNodeLives(documents))
    throw new CliFailure(
      'A node runs on these engines. Stop all nodes, then import: the log must be nobody else’s meanwhile.',
    )
}

const goesOn = ' The same command goes on where the log ends; until it has, no server starts on this log.'

/** What an engine says about appends is a sentence already; what it means for the import is added. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'CannotTransfer') return new CliFailure(error.message)
  const appending = ['StoreUnavailable', 'OutcomeUnknown', 'DocumentsUnavailable', 'AppendTooLarge']
  if (appending.includes(error.name)) return new CliFailure(`${error.message}${goesOn}`)
  return error
}
