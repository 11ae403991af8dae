// A conversation as a person sees it: its newest messages, what is on its way, and all that happens from now on.

import { conversationFeed, type FeedParts, type Place } from './conversationFeed.ts'
import { RefusedError, SessionEndedError } from './errors.ts'
import { MessagePageDocument } from './generated/documents.ts'
import type { Outbox } from './outbox.ts'
import { Timeline, type TimelineEntry } from './timeline.ts'

export interface ViewOptions {
  readonly conversationId: string
  readonly viewerId: string
  readonly outbox: Outbox
  /** Ends it from outside. */
  readonly signal: AbortSignal
  /** Messages of a page, 1 to 100. */
  readonly pageSize: number
  /** Called after each change, with the view as it is then. */
  readonly onChange?: ((view: ConversationView) => void) | undefined
}

export class ConversationView {
  readonly conversationId: string
  readonly #parts: FeedParts
  readonly #options: ViewOptions
  readonly #timeline: Timeline
  readonly #closing = new AbortController()
  readonly #signal: AbortSignal
  readonly #ended = Promise.withResolvers<RefusedError | SessionEndedError | undefined>()
  #earlier: string | undefined
  #caughtUp = false

  private constructor(parts: FeedParts, options: ViewOptions) {
    this.conversationId = options.conversationId
    this.#parts = parts
    this.#options = options
    this.#timeline = new Timeline(options.viewerId)
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal])
  }

  /** Reads the newest page, and follows from there. @throws {RefusedError} it cannot be read @throws {SessionEndedError} */
  static async open(parts: FeedParts, options: ViewOptions): Promise<ConversationView> {
    const view = new ConversationView(parts, options)
    const from = await view.#readPage()
    void view.#follow(from).then(view.#ended.resolve, view.#ended.reject)
    return view
  }

  /** Resolves when it is closed; with the reason where it cannot be followed any more. */
  get ended(): Promise<RefusedError | SessionEndedError | undefined> {
    return this.#ended.promise
  }

  /** By number; what is on its way comes last. */
  get entries(): readonly TimelineEntry[] {
    return this.#timeline.entries()
  }

  /** Whether it shows the present: false until what happened meanwhile has come. */
  get caughtUp(): boolean {
    return this.#caughtUp
  }

  get hasEarlier(): boolean {
    return this.#earlier !== undefined
  }

  /** One more page of history. @throws {RefusedError} @throws {UnreachableError} @throws {SessionEndedError} */
  async loadEarlier(): Promise<void> {
    const before = this.#earlier
    if (before === undefined) return
    const { conversationId, pageSize: last } = this.#options
    const options = { signal: this.#signal, attempts: 3 }
    const page = await this.#parts.requests.ask(MessagePageDocument, { conversationId, last, before }, options)
    // Somebody else may have loaded it, or everything may have been read afresh since.
    if (this.#earlier !== before || !page.conversation) return
    this.#take(page.conversation.messages)
    this.#changed()
  }

  /** Stores it, then sends it as soon as that is possible. @returns its clientMessageId */
  async send(text: string): Promise<string> {
    return (await this.#options.outbox.add(this.conversationId, text)).clientMessageId
  }

  close(): void {
    this.#closing.abort()
  }

  async #follow(from: Place): Promise<RefusedError | SessionEndedError | undefined> {
    const { conversationId, outbox } = this.#options
    const unlisten = this.#followOutbox()
    try {
      const options = { conversationId, signal: this.#signal, from, stored: false }
      for await (const { events, caughtUp, reset } of conversationFeed(this.#parts, options)) {
        if (reset) await this.#beginAfresh()
        for (const event of events) {
          this.#timeline.apply(event)
          if (!('message' in event) || event.message?.author?.id !== this.#options.viewerId) continue
          if (event.message.clientMessageId) await outbox.confirm(event.message.clientMessageId, event.message)
        }
        if (events.length === 0 && caughtUp === this.#caughtUp && !reset) continue
        this.#caughtUp = caughtUp
        this.#changed()
      }
      return undefined
    } catch (error) {
      if (this.#signal.aborted) return undefined
      if (error instanceof RefusedError || error instanceof SessionEndedError) return error
      throw error
    } finally {
      unlisten()
    }
  }

  #followOutbox(): () => void {
    const { conversationId, outbox } = this.#options
    for (const queued of outbox.entries(conversationId)) this.#timeline.queue(queued)
    return outbox.onChange((change) => {
      if (change.queued.conversationId !== conversationId) return
      if (change.kind === 'sent') this.#timeline.add(change.message)
      else if (change.kind === 'dismissed') this.#timeline.dismiss(change.queued.clientMessageId)
      else this.#timeline.queue(change.queued)
      this.#changed()
    })
  }

  async #beginAfresh(): Promise<void> {
    this.#timeline.reset()
    await this.#readPage()
  }

  async #readPage(): Promise<Place> {
    const { conversationId, pageSize: last } = this.#options
    const variables = { conversationId, last, before: null }
    const { conversation } = await this.#parts.requests.ask(MessagePageDocument, variables, { signal: this.#signal })
    if (!conversation) throw new RefusedError('NOT_FOUND', 'There is no such conversation, or you may not read it.')
    this.#take(conversation.messages)
    return { cursor: conversation.feedCursor, next: conversation.revision }
  }

  #take({ nodes, pageInfo }: Page): void {
    this.#timeline.addPage(nodes, { isFirst: !pageInfo.hasPreviousPage })
    this.#earlier = pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? undefined) : undefined
  }

  #changed(): void {
    this.#options.onChange?.(this)
  }
}

interface Page {
  readonly nodes: Parameters<Timeline['addPage']>[0]
  readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null }
}
