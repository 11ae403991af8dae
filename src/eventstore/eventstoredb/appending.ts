// Appending: what waits for a stream goes there in order, and together where it fits.

import {
  type Appended,
  type Expected,
  type NewEvent,
  OutcomeUnknown,
  StoreUnavailable,
  start,
  WrongExpectedRevision,
} from '../port.ts'
import { type Append, isMet, type Parts, patienceMs } from './append.ts'
import { encode } from './encode.ts'
import { Heads } from './heads.ts'
import { Kept } from './kept.ts'
import { appendNewest } from './newest.ts'
import { Queues, type Waiting } from './queues.ts'
import { Sender } from './sending.ts'

/** Events that go to the server at once, when several appends wait. */
const maxTogether = 256

type Waits = Waiting<Omit<Append, 'deadline'>, Appended>

export class Appending {
  readonly #parts: Parts
  readonly #queues = new Queues<Omit<Append, 'deadline'>, Appended>((waiting) => this.#round(waiting))
  readonly #kept: Kept
  #closed = false

  constructor({ connection, log, keys, keepsOnlyNewest }: Omit<Parts, 'heads' | 'sender'>) {
    const sender = new Sender(connection, log)
    this.#parts = { connection, log, keys, keepsOnlyNewest, heads: new Heads(), sender }
    this.#kept = new Kept(this.#parts)
  }

  async append(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended> {
    const encoded = encode(events)
    this.#check()
    return await this.#queues.add(stream, { stream, events: encoded, expected })
  }

  /** Takes no more, and resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#queues.idle()
  }

  #check(): void {
    if (this.#closed) throw new StoreUnavailable('The log is closed: the server is stopping.')
    const { connection, keys } = this.#parts
    if (connection.fault !== undefined) throw new StoreUnavailable(connection.fault)
    const health = keys.health()
    if (!health.ready) throw new StoreUnavailable(health.reason)
  }

  /** Those that can be one append for the server, or the first alone. */
  async #round(waiting: readonly Waits[]): Promise<number> {
    const deadline = performance.now() + patienceMs
    const together = this.#together(waiting)
    if (together.length > 1) {
      const appends = together.map(({ item }) => ({ ...item, deadline }))
      const all = await this.#kept.appendTogether(appends).catch(() => undefined)
      if (all !== undefined) {
        for (const [index, { resolve, reject }] of together.entries()) {
          const appended = all[index]
          if (appended === undefined) reject(new OutcomeUnknown('It is not known where the events stand.'))
          else resolve(appended)
        }
        return together.length
      }
    }
    const [first] = waiting
    if (first === undefined) return 0
    try {
      this.#check()
      first.resolve(await this.#alone({ ...first.item, deadline }))
      return 1
    } catch (error) {
      first.reject(error)
      if (!(error instanceof OutcomeUnknown)) return 1
      // The others have waited long enough: they would wait for the same server.
      const rest = waiting.slice(1)
      for (const { reject } of rest) reject(new StoreUnavailable(error.message, { cause: error }))
      return 1 + rest.length
    }
  }

  /** The first appends whose expectations are met when those before them are written. */
  #together(waiting: readonly Waits[]): readonly Waits[] {
    const [first] = waiting
    if (first === undefined || this.#parts.keepsOnlyNewest(first.item.stream)) return []
    const { expected } = first.item
    let at = expected === 'none' ? -1 : typeof expected === 'number' ? expected : undefined
    const ids = new Set<string>()
    const found: Waits[] = []
    for (const one of waiting) {
      const { events, expected } = one.item
      if (events.length === 0 || ids.size + events.length > maxTogether) break
      const concrete = typeof expected === 'number' ? expected : expected === 'none' ? -1 : undefined
      if (found.length > 0 && concrete !== undefined && concrete !== at) break
      if (events.some(({ event }) => ids.has(event.id))) break
      for (const { event } of events) ids.add(event.id)
      if (at !== undefined) at += events.length
      found.push(one)
    }
    return found
  }

  async #alone(append: Append): Promise<Appended> {
    const { stream, events, expected } = append
    if (events.length === 0) return await this.#compare(append)
    if (new Set(events.map(({ event }) => event.id)).size < events.length) {
      const head = await this.#parts.log.head(stream, append.deadline - performance.now())
      throw new WrongExpectedRevision(stream, expected, head?.revision)
    }
    return this.#parts.keepsOnlyNewest(stream)
      ? await appendNewest(append, this.#parts)
      : await this.#kept.append(append)
  }

  /** Without events. */
  async #compare({ stream, expected, deadline }: Append): Promise<Appended> {
    const head = await this.#parts.log.head(stream, deadline - performance.now())
    const revision = head?.revision ?? -1
    if (!isMet(expected, revision)) throw new WrongExpectedRevision(stream, expected, head?.revision)
    return { firstRevision: revision + 1, revision, position: head?.position ?? start, repeated: false }
  }
}
