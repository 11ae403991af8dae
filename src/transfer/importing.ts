// Brings an export into a log that is empty, or that holds the beginning of the same export.

import type { FileHandle } from 'node:fs/promises'
import type { Documents } from '../documents/port.ts'
import type { EventStore } from '../eventstore/port.ts'
import { type Agreement, agreement } from './agreement.ts'
import { Appending } from './appending.ts'
import { eventsOfFile } from './fileEvents.ts'
import { CannotTransfer, type Trailer } from './format.ts'
import { beginImport, endImport, pendingImport } from './pendingImport.ts'

/** What is under way; `compare` comes before, where the log is not empty, and after. */
export type ImportStep = 'compare' | 'append'

export interface ImportOptions {
  readonly file: FileHandle
  readonly path: string
  /** Of the file, as `wholeExport` gave it. */
  readonly trailer: Trailer
  readonly store: EventStore
  readonly documents: Documents
  /** Appends that may be under way at once: more than one only where the log writes them in the order of the calls. */
  readonly atOnce: number
  readonly onProgress: (step: ImportStep, events: number) => void
  readonly signal: AbortSignal
}

export interface Imported {
  /** All that are in the log, which are those of the file. */
  readonly events: number
  /** Of them, those that were there before. */
  readonly before: number
}

/**
 * When it returns, the log holds the events of the file and nothing else, in the same order: that was compared. Where
 * it fails, what was appended stays, and the next call goes on behind it.
 *
 * @throws {CannotTransfer} the log holds something else; {StoreUnavailable}; {OutcomeUnknown}; the signal's reason
 */
export async function importLog(options: ImportOptions): Promise<Imported> {
  const { path, trailer, documents } = options
  const pending = await pendingImport(documents)
  const there = await compared(options)
  if (there.other !== undefined) throw occupied(there, pending !== undefined && pending !== trailer.sha256, options)
  if (there.more) {
    if (pending !== trailer.sha256) await beginImport(documents, trailer.sha256)
    await appendAfter(there.same, options)
    const result = await compared(options)
    if (result.other !== undefined || result.more)
      throw new CannotTransfer(
        `The log is not what ${path} says: event ${result.same + 1} differs. Something else wrote to it. Stop all servers on it, remove what is in it, and import again.`,
      )
  }
  await endImport(documents)
  return { events: trailer.events, before: there.same }
}

function compared({ file, path, store, onProgress, signal }: ImportOptions): Promise<Agreement> {
  const events = eventsOfFile({ file, path, signal })
  return agreement({ events, store, signal, onProgress: (count) => onProgress('compare', count) })
}

async function appendAfter(count: number, options: ImportOptions): Promise<void> {
  const { file, path, store, atOnce, onProgress, signal } = options
  const appending = new Appending({
    store,
    atOnce,
    signal,
    onProgress: (done) => onProgress('append', count + done),
  })
  try {
    let left = count
    for await (const page of eventsOfFile({ file, path, signal })) {
      for (const event of page.slice(left)) await appending.add(event)
      left = Math.max(0, left - page.length)
    }
    await appending.finish()
  } catch (error) {
    await appending.settle()
    throw error
  }
}

function occupied({ same, other }: Agreement, ofAnother: boolean, { path, trailer }: ImportOptions): CannotTransfer {
  if (ofAnother)
    return new CannotTransfer(
      `The log holds a part of another file, whose import was not finished, and not of ${path}. Go on with that file, or remove what is in the log.`,
    )
  const what = `${other?.type} in ${other?.stream}`
  return new CannotTransfer(
    same === trailer.events
      ? `All of ${path} is in the log, and more behind it (${what}): it has been used since. There is nothing to import.`
      : `The log is not empty, and what it holds is not of ${path}: event ${same + 1} is ${what}. Import into an empty log only: name another folder with --data, or remove what is in this one.`,
  )
}
