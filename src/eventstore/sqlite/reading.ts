// The main thread's half of the reading thread.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type RecordedEvent, StoreUnavailable } from '../port.ts'
import { messageOf } from './failure.ts'
import type { FromReader, PageRequest, ToReader, WorkerSettings } from './protocol.ts'
import { eventsOf, eventsOfText } from './recorded.ts'

interface Call {
  readonly request: PageRequest
  readonly resolve: (events: RecordedEvent[]) => void
  readonly reject: (error: Error) => void
  /** Ids that were forgotten while this page was on its way: it may have been read before. */
  forgotten: Set<string> | undefined
}

export class Reading {
  readonly #worker: Worker
  readonly #calls = new Map<number, Call>()
  readonly #ended: Promise<void>
  readonly #onFault: (reason: string) => void
  #count = 0
  #fault: string | undefined
  #closing = false

  private constructor(worker: Worker, onFault: (reason: string) => void) {
    this.#worker = worker
    this.#onFault = onFault
    // Not `once` of node:events: that one fails with the thread's error, for which nobody waits before `close`.
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', (message: FromReader) => this.#hear(message))
    worker.on('error', (error) => this.#died(messageOf(error)))
    worker.on('exit', () => this.#died('it ended'))
  }

  /** `onFault` is told once what the log cannot go on with: it is damaged, or the thread has ended. */
  static async start(settings: WorkerSettings, onFault: (reason: string) => void): Promise<Reading> {
    const worker = new Worker(new URL('./reader.ts', import.meta.url), { workerData: settings })
    await once(worker, 'message')
    return new Reading(worker, onFault)
  }

  page(request: PageRequest): Promise<RecordedEvent[]> {
    if (this.#fault !== undefined) return Promise.reject(new StoreUnavailable(this.#fault))
    return new Promise((resolve, reject) => {
      this.#count += 1
      this.#calls.set(this.#count, { request, resolve, reject, forgotten: undefined })
      this.#post({ kind: 'page', call: this.#count, request, asText: true })
    })
  }

  /** Takes these bodies out of pages that are on their way. */
  forget(ids: ReadonlySet<string>): void {
    for (const call of this.#calls.values()) call.forgotten = new Set([...(call.forgotten ?? []), ...ids])
  }

  /** Answers what was asked, then ends the thread. */
  async close(): Promise<void> {
    this.#closing = true
    this.#post({ kind: 'close' })
    await this.#ended
  }

  #post(message: ToReader): void {
    this.#worker.postMessage(message)
  }

  #hear(message: FromReader): void {
    if (message.kind === 'ready' || message.kind === 'closed') return
    const call = this.#calls.get(message.call)
    if (call === undefined) return
    if (message.kind === 'text') {
      const events = eventsOfText(message.text, call.forgotten)
      if (events === undefined) {
        // Something in it is damaged: row by row, the others can be read.
        this.#post({ kind: 'page', call: message.call, request: call.request, asText: false })
        return
      }
      call.resolve(events)
    } else if (message.kind === 'page') call.resolve(eventsOf(message.rows, call.forgotten))
    else {
      if (message.damaged) this.#onFault(message.reason)
      call.reject(new StoreUnavailable(message.reason))
    }
    this.#calls.delete(message.call)
  }

  #died(how: string): void {
    const fault = `The thread that reads the log has ended (${how}). Restart the server.`
    if (this.#fault === undefined && !this.#closing) this.#onFault(fault)
    this.#fault = fault
    for (const { reject } of this.#calls.values()) reject(new StoreUnavailable(fault))
    this.#calls.clear()
  }
}
