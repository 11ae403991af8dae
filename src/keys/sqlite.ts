// Keys in one SQLite file, `keys.db`: a thread that writes it; reading is short, and done here.

import { once } from 'node:events'
import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { CannotOpen } from '../eventstore/port.ts'
import { type Keys, KeysUnavailable, type KnownKey, type NewKey } from './port.ts'
import { bytesOfId, openFile } from './sqliteFile.ts'
import type { FromKeysWriter, Task, ToKeysWriter } from './sqliteWriter.ts'

interface Waiting {
  readonly task: Task
  readonly resolve: (known: ReadonlyMap<string, KnownKey>) => void
  readonly reject: (error: Error) => void
}

/** A lower-case UUID; any other text is no id of an event, so it has no key. */
const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Opens `keys.db` in a folder that is there; makes it where there is none. Lock the folder first.
 *
 * @throws {CannotOpen}
 */
export async function openSqliteKeys({ folder }: { readonly folder: string }): Promise<Keys> {
  const database = openFile(folder)
  const worker = new Worker(new URL('./sqliteWriter.ts', import.meta.url), { workerData: { folder } })
  try {
    await once(worker, 'message')
  } catch (error) {
    database.close()
    if (error instanceof CannotOpen) throw error
    throw new CannotOpen(`The keys in ${folder} cannot be opened (${String(error)}).`, { cause: error })
  }
  return new SqliteKeys(database, worker)
}

class SqliteKeys implements Keys {
  readonly #database: DatabaseSync
  readonly #keyOf
  readonly #worker: Worker
  readonly #ended: Promise<void>
  /** With the thread; the others wait for it to be free, and then share one transaction. */
  #sent: readonly Waiting[] = []
  #waiting: Waiting[] = []
  #fault: string | undefined
  #closing: Promise<void> | undefined

  constructor(database: DatabaseSync, worker: Worker) {
    this.#database = database
    database.exec('PRAGMA query_only = ON')
    this.#keyOf = database.prepare('SELECT k.key FROM ids i JOIN keys k ON k.slot = i.slot WHERE i.id = ?')
    this.#worker = worker
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', (message: FromKeysWriter) => this.#hear(message))
    worker.on('error', (error) => this.#died(String(error)))
    worker.on('exit', () => this.#died('it ended'))
  }

  add(keys: readonly NewKey[]): Promise<ReadonlyMap<string, KnownKey>> {
    if (keys.length === 0) return Promise.resolve(new Map())
    return this.#do({ kind: 'add', keys })
  }

  async get(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    if (this.#closing !== undefined) throw new KeysUnavailable('The keys are closed: the server is stopping.')
    const found = new Map<string, Uint8Array>()
    try {
      for (const id of ids) {
        const key = idForm.test(id) ? this.#keyOf.get(bytesOfId(id))?.key : undefined
        if (key instanceof Uint8Array && key.some((byte) => byte !== 0)) found.set(id, key)
      }
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      throw new KeysUnavailable(
        `The keys cannot be read (${said}). Check the disk; if keys.db is damaged, restore a backup.`,
      )
    }
    return found
  }

  async remove(ids: readonly string[]): Promise<void> {
    const valid = ids.filter((id) => idForm.test(id))
    if (valid.length > 0) await this.#do({ kind: 'remove', ids: valid })
  }

  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    return this.#fault === undefined ? { ready: true } : { ready: false, reason: this.#fault }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // What was asked for comes first: the thread takes its messages in order.
    while (this.#sent.length > 0 && this.#fault === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
    this.#database.close()
    this.#post({ kind: 'close' })
    await this.#ended
  }

  #do(task: Task): Promise<ReadonlyMap<string, KnownKey>> {
    if (this.#closing !== undefined) {
      return Promise.reject(new KeysUnavailable('The keys are closed: the server is stopping.'))
    }
    if (this.#fault !== undefined) return Promise.reject(new KeysUnavailable(this.#fault))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject })
      this.#send()
    })
  }

  #send(): void {
    if (this.#sent.length > 0 || this.#waiting.length === 0) return
    this.#sent = this.#waiting
    this.#waiting = []
    this.#post({ kind: 'tasks', tasks: this.#sent.map(({ task }) => task) })
  }

  #post(message: ToKeysWriter): void {
    this.#worker.postMessage(message)
  }

  #hear(message: FromKeysWriter): void {
    if (message.kind === 'ready') return
    const sent = this.#sent
    this.#sent = []
    if (message.kind === 'done') {
      for (const [index, { resolve }] of sent.entries()) resolve(message.known[index] ?? new Map())
    } else {
      for (const { reject } of sent) reject(new KeysUnavailable(message.reason))
      if (message.lasting) this.#fail(message.reason)
    }
    this.#send()
  }

  #fail(reason: string): void {
    this.#fault ??= reason
    for (const { reject } of [...this.#sent, ...this.#waiting]) reject(new KeysUnavailable(reason))
    this.#sent = []
    this.#waiting = []
  }

  #died(how: string): void {
    if (this.#closing !== undefined) return
    this.#fail(`The thread that writes the keys has ended (${how}). Restart the server.`)
  }
}
