// One reader thread and those who wait for it.

import { Worker } from 'node:worker_threads'
import { DocumentsUnavailable, QueryTooSlow } from '../port.ts'
import type { Answer, Question, QuestionMessage } from './message.ts'

interface Waiting {
  readonly question: Question
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** A reader that has not stopped by itself this long after its time is ended, in ms. */
const grace = 500

export class Lane {
  readonly #path: string
  readonly #timeLimit: number
  readonly #queue: Waiting[] = []
  readonly #ending = new Set<Promise<unknown>>()
  #active: Waiting | undefined
  #worker: Worker | undefined
  #closed = false

  /** @param timeLimit for one question, waiting included, in ms */
  constructor(path: string, timeLimit: number) {
    this.#path = path
    this.#timeLimit = timeLimit
  }

  /** @throws {QueryTooSlow} */
  ask(question: Question): Promise<Answer> {
    if (this.#closed) return Promise.reject(closed())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#late(waiting), this.#timeLimit)
      const deadline = performance.now() + this.#timeLimit
      const waiting: Waiting = { question, deadline, resolve, reject, timer }
      this.#queue.push(waiting)
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const waiting of [...this.#queue, this.#active]) {
      if (!waiting) continue
      clearTimeout(waiting.timer)
      waiting.reject(closed())
    }
    this.#queue.length = 0
    this.#end()
    await Promise.all(this.#ending)
  }

  #next(): void {
    if (this.#active) return
    const waiting = this.#queue.shift()
    if (!waiting) return
    this.#active = waiting
    this.#worker ??= this.#start()
    const milliseconds = waiting.deadline - performance.now()
    this.#worker.postMessage({ ...waiting.question, milliseconds } satisfies QuestionMessage)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./reader.ts', import.meta.url), { workerData: this.#path })
    worker.unref()
    worker.on('message', (answer: Answer) => {
      if (worker !== this.#worker) return
      this.#settle((waiting) =>
        answer.kind === 'tooSlow' ? waiting.reject(tooSlow(this.#timeLimit)) : waiting.resolve(answer),
      )
    })
    worker.on('error', (error: Error) => {
      if (worker !== this.#worker) return
      this.#worker = undefined
      const reason = `A reader of the read models ended (${error.message}). The next question starts another one.`
      this.#settle((waiting) => waiting.reject(new DocumentsUnavailable(reason)))
    })
    return worker
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#active
    this.#active = undefined
    if (waiting) {
      clearTimeout(waiting.timer)
      how(waiting)
    }
    this.#next()
  }

  #late(waiting: Waiting): void {
    waiting.reject(tooSlow(this.#timeLimit))
    const place = this.#queue.indexOf(waiting)
    if (place >= 0) this.#queue.splice(place, 1)
    // It stops by itself between two rows; but not while it sorts.
    if (waiting !== this.#active) return
    setTimeout(() => {
      if (waiting !== this.#active) return
      this.#end()
      this.#settle(() => {})
    }, grace).unref()
  }

  #end(): void {
    const worker = this.#worker
    this.#worker = undefined
    if (!worker) return
    const ended = worker.terminate().finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }
}

const tooSlow = (limit: number) =>
  new QueryTooSlow(`The query took longer than ${limit} ms and was stopped. Ask for less, or make an index for it.`)

const closed = () => new DocumentsUnavailable('The read models have been closed.')
