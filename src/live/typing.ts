// Who types where: told over the bus, kept for some seconds, stored nowhere.

import type { Identity } from '../accounts/sessions.ts'
import type { TypingNotice } from '../commands/typing.ts'
import { type ConversationId, parseId, type UserId } from '../domain/ids.ts'
import { conversationOf } from '../domain/streams.ts'
import { typingMs } from '../domain/typing.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { LogListener } from '../eventstore/follower.ts'
import type { Delivery, RecordedEvent } from '../eventstore/port.ts'
import { TimerWheel } from '../http/timerWheel.ts'
import type { Bus, BusMessage } from './bus.ts'
import { ChangesFeed } from './changesFeed.ts'
import type { Live } from './live.ts'

export interface TypingFrame {
  readonly users: readonly UserId[]
}

interface TypingOptions {
  readonly bus: Bus
  readonly live: Pick<Live, 'readers'>
  /** How long it is shown unless it is said again, in ms. */
  readonly shownMs?: number
}

const topic = 'typing'
/** A frame follows another after so many ms at the earliest. */
const frameMs = 200
/** People that are shown typing at the same time, at most: those who began first. */
const shownPeople = 100

/** Who types in a conversation, in the order in which they began, each with the call that ends it. */
type Typists = Map<UserId, Disposable>

export class Typing implements LogListener {
  readonly #options: TypingOptions
  readonly #typists = new Map<ConversationId, Typists>()
  readonly #feeds = new Map<ConversationId, Set<ChangesFeed<TypingFrame>>>()
  readonly #wheel = new TimerWheel({ tickMs: 200 })
  readonly #listening: Disposable

  constructor(options: TypingOptions) {
    this.#options = options
    this.#listening = options.bus.subscribe(topic, (message) => this.#told(message))
  }

  /** Tells all nodes. */
  announce({ conversationId, userId, typing }: TypingNotice): void {
    this.#options.bus.publish(topic, { conversationId, userId, typing })
  }

  /** Who types there now. */
  in(conversation: ConversationId): readonly UserId[] {
    return [...(this.#typists.get(conversation)?.keys() ?? [])].slice(0, shownPeople)
  }

  /**
   * First who types now, then the same whenever it has changed.
   * @throws GraphQLError NOT_FOUND for a conversation that the viewer may not read
   */
  async feed(identity: Identity, conversation: string): Promise<ChangesFeed<TypingFrame>> {
    const readers = await this.#options.live.readers(identity, conversation, () => feed.close())
    const { conversationId } = readers
    let shown: string | undefined
    const feed = new ChangesFeed<TypingFrame>({
      everyMs: frameMs,
      take: () => {
        const users = this.in(conversationId)
        const now = users.join()
        if (now === shown) return undefined
        shown = now
        return { users }
      },
      onClose: () => {
        const feeds = this.#feeds.get(conversationId)
        feeds?.delete(feed)
        if (feeds?.size === 0) this.#feeds.delete(conversationId)
        readers[Symbol.dispose]()
      },
    })
    this.#feeds.set(conversationId, (this.#feeds.get(conversationId) ?? new Set()).add(feed))
    return feed
  }

  /** Whoever sends has finished typing; whoever is out of a conversation types there no more, and nobody in an archived room. */
  deliver({ events }: Delivery): void {
    if (this.#typists.size === 0) return
    for (const event of events) {
      const conversation = conversationOf(event.stream)
      if (conversation !== undefined && this.#typists.has(conversation)) this.#happened(conversation, event)
    }
  }

  close(): void {
    this.#listening[Symbol.dispose]()
    this.#wheel.close()
  }

  #happened(conversation: ConversationId, stored: RecordedEvent): void {
    const event = decode(stored)
    if (!isDecoded(event)) return
    switch (event.type) {
      case 'MessageSent':
      case 'DMSent':
        if (event.actor) this.#ended(conversation, event.actor)
        break
      case 'UserLeft':
      case 'MemberRemoved':
      case 'MemberBanned':
        this.#ended(conversation, event.data.userId)
        break
      case 'RoomArchived':
        for (const user of [...(this.#typists.get(conversation)?.keys() ?? [])]) this.#ended(conversation, user)
        break
      default:
    }
  }

  #told({ conversationId, userId, typing }: BusMessage): void {
    const conversation = parseId(`${conversationId}`)
    const user = parseId(`${userId}`)
    if ((conversation?.type !== 'room' && conversation?.type !== 'dm') || user?.type !== 'user') return
    if (typing !== true) {
      this.#ended(conversation.id, user.id)
      return
    }
    const typists: Typists = this.#typists.get(conversation.id) ?? new Map()
    const before = typists.get(user.id)
    before?.[Symbol.dispose]()
    const end = this.#wheel.after(this.#options.shownMs ?? typingMs, () => this.#ended(conversation.id, user.id))
    // One who goes on keeps the place.
    typists.set(user.id, end)
    this.#typists.set(conversation.id, typists)
    if (!before) this.#wake(conversation.id)
  }

  #ended(conversation: ConversationId, user: UserId): void {
    const typists = this.#typists.get(conversation)
    const end = typists?.get(user)
    if (!typists || !end) return
    end[Symbol.dispose]()
    typists.delete(user)
    if (typists.size === 0) this.#typists.delete(conversation)
    this.#wake(conversation)
  }

  #wake(conversation: ConversationId): void {
    for (const feed of this.#feeds.get(conversation) ?? []) feed.wake()
  }
}
