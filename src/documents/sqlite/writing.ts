// The calling thread's side of the writer thread.

import { Worker } from 'node:worker_threads'
import { DocumentsUnavailable, RecordConflict } from '../port.ts'
import type { FromWriter, Outcome, Task, TaskMessage } from './message.ts'
import { buffersOf } from './packing.ts'
import { RowTable } from './rowTable.ts'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Writing {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #rowTables = new Map<string, RowTable>()
  #nextId = 0
  #failure: { readonly reason: string; readonly lasting: boolean } | undefined
  #closed = false

  constructor(path: string) {
    this.#worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData: path })
    // It keeps the process alive only while somebody waits for it.
    this.#worker.unref()
    this.#worker.on('message', (message: FromWriter) => {
      if (message.kind === 'outcome') this.#settle(message.id, message.outcome)
      else if (message.memory === undefined) this.#rowTables.delete(message.collection)
      else this.#rowTables.set(message.collection, new RowTable(message.memory))
    })
    this.#worker.on('error', (error: Error) => {
      this.fail(`The writer of the read models ended (${error.message}). Start Parley again.`)
      for (const id of [...this.#waiting.keys()]) {
        this.#settle(id, { kind: 'unavailable', reason: error.message, lasting: true })
      }
    })
  }

  get failure(): string | undefined {
    return this.#closed ? 'The read models have been closed.' : this.#failure?.reason
  }

  /** How ids are found in a collection that is being filled; undefined where it has its index. */
  rowTable(collection: string): RowTable | undefined {
    return this.#rowTables.get(collection)
  }

  /** From now on nothing is written, until a restart. */
  fail(reason: string): void {
    if (!this.#failure?.lasting) this.#failure = { reason, lasting: true }
  }

  /** @throws {DocumentsUnavailable} @throws {RecordConflict} */
  async carryOut(task: Task): Promise<void> {
    if (this.#closed) throw new DocumentsUnavailable('The read models have been closed.')
    if (this.#failure?.lasting) throw new DocumentsUnavailable(this.#failure.reason)
    await this.#send(task)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (!this.#failure?.lasting) await this.#send({ kind: 'close' })
    await this.#worker.terminate()
    // What it was still trying, a scrub that a reader held up.
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, { kind: 'unavailable', reason: 'The read models have been closed.', lasting: true })
    }
  }

  #send(task: Task): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(id, { resolve, reject })
      const given = task.kind === 'write' ? buffersOf(task.rows) : []
      this.#worker.postMessage({ id, task } satisfies TaskMessage, given)
    })
  }

  #settle(id: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker.unref()
    switch (outcome.kind) {
      case 'done':
        if (!this.#failure?.lasting) this.#failure = undefined
        waiting.resolve()
        break
      case 'conflict':
        waiting.reject(new RecordConflict(outcome.key))
        break
      case 'unavailable':
        if (!this.#failure?.lasting) this.#failure = { reason: outcome.reason, lasting: outcome.lasting }
        waiting.reject(new DocumentsUnavailable(outcome.reason))
        break
      case 'refused':
        waiting.reject(new Error(outcome.reason))
        break
      default:
        outcome satisfies never
    }
  }
}
