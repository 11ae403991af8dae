// The messages of a conversation as one list: what the server has confirmed, then what is on its way. A message of one's own
// stands in it once: as queued, and from its confirmation on, whichever way that comes, as sent.

import type { ConversationEvent } from './conversationFeed.ts'
import type { MessagePartsFragment } from './generated/documents.ts'
import type { QueuedMessage } from './queuedMessage.ts'

export type Message = MessagePartsFragment

export type TimelineEntry =
  | { readonly state: 'sent'; readonly message: Message }
  | { readonly state: 'sending' | 'refused'; readonly queued: QueuedMessage }

export class Timeline {
  readonly #viewerId: string
  readonly #messages = new Map<string, Message>()
  readonly #queued = new Map<string, QueuedMessage>()
  /** Own keys that are confirmed: whatever comes later about them as queued is old. */
  readonly #confirmed = new Set<string>()
  /** Number of the oldest message that is shown: nothing is missing after it. */
  #oldest = Number.POSITIVE_INFINITY

  /** @param viewerId whose own messages are to be merged */
  constructor(viewerId: string) {
    this.#viewerId = viewerId
  }

  /** By number; what is on its way comes last, in the order in which it was queued. */
  entries(): readonly TimelineEntry[] {
    const sent = [...this.#messages.values()]
      .filter(({ number }) => number >= this.#oldest)
      .sort((a, b) => a.number - b.number)
      .map((message) => ({ state: 'sent', message }) as const)
    const waiting = [...this.#queued.values()].map(
      (queued) => ({ state: queued.refusal ? 'refused' : 'sending', queued }) as const,
    )
    return [...sent, ...waiting]
  }

  /**
   * A page of history that ends where the list begins, or the first one, at its end.
   * @param isFirst whether nothing comes before it
   */
  addPage(messages: readonly Message[], { isFirst }: { readonly isFirst: boolean }): void {
    for (const message of messages) this.add(message)
    this.#oldest = Math.min(this.#oldest, isFirst ? 0 : (messages[0]?.number ?? this.#oldest))
  }

  apply(event: ConversationEvent): void {
    if (!('message' in event) || !event.message) return
    this.add(event.message)
    if (event.__typename === 'MessageSent' || event.__typename === 'DMSent')
      this.#oldest = Math.min(this.#oldest, event.message.number)
  }

  /** A message as some answer shows it: the newest state of each is kept, in whatever order they come. */
  add(message: Message): void {
    const known = this.#messages.get(message.id)
    if (!known || changedAt(message) >= changedAt(known)) this.#messages.set(message.id, message)
    const { clientMessageId, author } = message
    if (!clientMessageId || author?.id !== this.#viewerId) return
    this.#confirmed.add(clientMessageId)
    this.#queued.delete(clientMessageId)
  }

  /** It is on its way, or was refused. */
  queue(queued: QueuedMessage): void {
    if (!this.#confirmed.has(queued.clientMessageId)) this.#queued.set(queued.clientMessageId, queued)
  }

  dismiss(clientMessageId: string): void {
    this.#queued.delete(clientMessageId)
  }

  /** What was confirmed may never have happened; what is on its way stays. */
  reset(): void {
    this.#messages.clear()
    this.#confirmed.clear()
    this.#oldest = Number.POSITIVE_INFINITY
  }
}

/** Times compare as texts. A deleted message is not edited any more. */
const changedAt = ({ deletedAt, editedAt, sentAt }: Message): string => deletedAt ?? editedAt ?? sentAt
