// Messages on their way: stored before they are sent, sent in order within a conversation, with the same key until they are
// answered. So they survive a restart of the page or process, and none is sent twice.

import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { RefusedError, SessionEndedError } from './errors.ts'
import { type MessagePartsFragment, SendMessageDocument } from './generated/documents.ts'
import type { Notices } from './notices.ts'
import { newKey, type QueuedMessage, queuedIn, type Refusal } from './queuedMessage.ts'
import type { Requests } from './requests.ts'
import { type Storage, storedJson } from './storage.ts'

interface OutboxOptions {
  /** Of this account. */
  readonly storage: Storage
  readonly requests: Requests
  readonly clock: Clock
  readonly notices: Notices
  readonly signal: AbortSignal
}

/** What became of a message. */
export type OutboxChange =
  | { readonly kind: 'queued' | 'dismissed' | 'refused'; readonly queued: QueuedMessage }
  | { readonly kind: 'sent'; readonly queued: QueuedMessage; readonly message: MessagePartsFragment }

interface Entry {
  readonly key: string
  queued: QueuedMessage
  /** Resolves once it is stored; until then it is not sent. */
  readonly stored: Promise<void>
}

const folder = 'outbox/'

export class Outbox {
  readonly #options: OutboxOptions
  readonly #entries: Entry[] = []
  readonly #sending = new Map<string, Promise<void>>()
  readonly #listeners = new Set<(change: OutboxChange) => void>()
  #lastOrder = 0
  /** The session is over. */
  #stopped = false

  private constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** With what an earlier page or process has left. It sends nothing before `start`. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options)
    for (const key of await options.storage.keys(folder)) {
      // What comes from now on comes after it, even if the clock was set back.
      outbox.#lastOrder = Math.max(outbox.#lastOrder, Number.parseInt(key.slice(folder.length), 10) || 0)
      const queued = queuedIn(await storedJson(options.storage, key))
      if (queued) outbox.#entries.push({ key, queued, stored: Promise.resolve() })
    }
    return outbox
  }

  /** Sends what is there, and from now on whatever comes. */
  start(): void {
    for (const { queued } of this.#entries) this.#send(queued.conversationId)
  }

  /** What is not sent yet, in order: of one conversation, or of all. */
  entries(conversationId?: string): readonly QueuedMessage[] {
    return this.#entries
      .map(({ queued }) => queued)
      .filter((queued) => conversationId === undefined || queued.conversationId === conversationId)
  }

  /**
   * Resolves once it is stored: then it will be sent, whatever becomes of the page or process.
   * @param clientMessageId made up where it is left out
   * @throws what the storage throws; then it is not queued
   */
  async add(conversationId: string, text: string, clientMessageId: string = newKey()): Promise<QueuedMessage> {
    const { clock, storage } = this.#options
    const queued: QueuedMessage = { clientMessageId, conversationId, text, queuedAt: clock.now() }
    // Later than all before, also within one millisecond.
    this.#lastOrder = Math.max(queued.queuedAt * 1_000, this.#lastOrder + 1)
    const key = `${folder}${String(this.#lastOrder).padStart(16, '0')}-${clientMessageId.replace(/[^\w-]/g, '_')}`
    const entry: Entry = { key, queued, stored: storage.set(key, JSON.stringify(queued)) }
    this.#entries.push(entry)
    this.#tell({ kind: 'queued', queued })
    try {
      await entry.stored
    } catch (error) {
      this.#remove(entry)
      this.#tell({ kind: 'dismissed', queued })
      throw error
    }
    this.#send(conversationId)
    return queued
  }

  /** A refused one is tried again, with the same key. @returns false where there is none */
  async retry(clientMessageId: string): Promise<boolean> {
    const entry = this.#find(clientMessageId)
    if (!entry?.queued.refusal) return false
    const { refusal: _, ...queued } = entry.queued
    await this.#keep(entry, queued)
    this.#tell({ kind: 'queued', queued })
    this.#send(queued.conversationId)
    return true
  }

  /** It is not sent any more, unless it is under way already. @returns false where there is none */
  async dismiss(clientMessageId: string): Promise<boolean> {
    const entry = this.#find(clientMessageId)
    if (!entry) return false
    await this.#forget(entry)
    this.#tell({ kind: 'dismissed', queued: entry.queued })
    return true
  }

  /** A feed has brought it: whatever becomes of the answer, it is sent. */
  async confirm(clientMessageId: string, message: MessagePartsFragment): Promise<void> {
    const entry = this.#find(clientMessageId)
    if (!entry) return
    this.#remove(entry)
    this.#tell({ kind: 'sent', queued: entry.queued, message })
    await this.#options.storage.delete(entry.key)
  }

  /** Resolves when nothing waits any more but what was refused, or when the client is closed or its session over. */
  async settled(): Promise<void> {
    await Promise.all(this.#entries.map(({ stored }) => stored.catch(() => {})))
    while (this.#sending.size > 0) await Promise.all(this.#sending.values())
  }

  /** @returns call it to hear no more */
  onChange(listener: (change: OutboxChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** One at a time in each conversation. */
  #send(conversationId: string): void {
    if (this.#sending.has(conversationId)) return
    const sending = this.#sendAll(conversationId).finally(() => {
      this.#sending.delete(conversationId)
      // One may have come between the last look and now.
      if (this.#next(conversationId) && !this.#stopped && !this.#options.signal.aborted) this.#send(conversationId)
    })
    this.#sending.set(conversationId, sending)
  }

  async #sendAll(conversationId: string): Promise<void> {
    const { clock, signal } = this.#options
    const backoff = new Backoff({ clock })
    for (let entry = this.#next(conversationId); entry && !signal.aborted; entry = this.#next(conversationId)) {
      try {
        await entry.stored
        const refusal = await this.#sendOne(entry)
        if (refusal) await this.#refuse(entry, refusal)
        backoff.reset()
      } catch (error) {
        // It is out already: dismissed, not stored, or sent while its place in the storage could not be cleared. In the last case
        // it is sent again at the next start, which the server recognises by its key.
        if (!this.#entries.includes(entry)) continue
        if (error instanceof SessionEndedError || signal.aborted) {
          this.#stopped = true
          return
        }
        const least = error instanceof RefusedError ? (error.retryAfterMs ?? 0) : 0
        await clock.sleep(least + backoff.next(), signal)
      }
    }
  }

  #next(conversationId: string): Entry | undefined {
    return this.#entries.find(({ queued }) => queued.conversationId === conversationId && !queued.refusal)
  }

  /** @returns why it never will be sent @throws where it is to be tried again */
  async #sendOne(entry: Entry): Promise<Refusal | undefined> {
    const { requests, signal } = this.#options
    const { conversationId, text, clientMessageId } = entry.queued
    try {
      const input = { conversationId, text, clientMessageId }
      const { sendMessage: answer } = await requests.once(SendMessageDocument, { input }, signal)
      if (answer.__typename === 'SendMessagePayload') {
        await this.confirm(clientMessageId, answer.message)
        return undefined
      }
      const wait = 'retryAfterSeconds' in answer ? answer.retryAfterSeconds * 1000 : undefined
      throw new RefusedError(answer.code, answer.detail, wait)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      // The session of the request, told in the answer to the command.
      if (error.passing || error.code === 'UNAUTHENTICATED') throw error
      return { code: error.code, detail: error.message }
    }
  }

  async #refuse(entry: Entry, refusal: Refusal): Promise<void> {
    if (!this.#entries.includes(entry)) return
    const queued = { ...entry.queued, refusal }
    await this.#keep(entry, queued)
    const { conversationId, clientMessageId } = queued
    this.#options.notices.report({ name: 'MESSAGE_REFUSED', conversationId, clientMessageId, ...refusal })
    this.#tell({ kind: 'refused', queued })
  }

  #find(clientMessageId: string): Entry | undefined {
    return this.#entries.find(({ queued }) => queued.clientMessageId === clientMessageId)
  }

  async #keep(entry: Entry, queued: QueuedMessage): Promise<void> {
    entry.queued = queued
    await this.#options.storage.set(entry.key, JSON.stringify(queued))
  }

  async #forget(entry: Entry): Promise<void> {
    this.#remove(entry)
    await this.#options.storage.delete(entry.key)
  }

  #remove(entry: Entry): void {
    const index = this.#entries.indexOf(entry)
    if (index >= 0) this.#entries.splice(index, 1)
  }

  #tell(change: OutboxChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}
