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
import { MadeTogether } from './madeTogether.ts'
import { Pace } from './pace.ts'

export interface TypingFrame {
  readonly users: readonly UserId[]
  /** Frames with the very same object here show the same to everyone. */
  readonly shared: object
}

interface TypingOptions {
  readonly bus: Bus
  readonly live: Pick<Live, 'readers'>
  /** ms since 1970. */
  readonly now: () => number
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

/** Those who follow one conversation. */
interface Followed {
  readonly feeds: Set<ChangesFeed<TypingFrame>>
  readonly pace: Pace
  /** What was made since the last change, and what tells it from others. */
  made: { readonly frame: TypingFrame; readonly names: string } | undefined
}

export class Typing implements LogListener {
  readonly #options: TypingOptions
  readonly #typists = new Map<ConversationId, Typists>()
  readonly #followed = new Map<ConversationId, Followed>()
  readonly #together = new MadeTogether()
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
    const followed = this.#followed.get(conversationId) ?? this.#follow(conversationId)
    const { feeds, pace } = followed
    let shown: string | undefined
    let dueAt = 0
    const feed = new ChangesFeed<TypingFrame>({
      deadline: identity.deadline,
      now: this.#options.now,
      together: this.#together,
      take: () => {
        const { frame, names } = this.#frameOf(conversationId, followed)
        if (names === shown) return undefined
        if (pace.now < dueAt) {
          pace.soon()
          return undefined
        }
        shown = names
        dueAt = pace.now + frameMs
        return frame
      },
      onClose: () => {
        feeds.delete(feed)
        if (feeds.size === 0) {
          pace.close()
          this.#followed.delete(conversationId)
        }
        readers[Symbol.dispose]()
      },
    })
    feeds.add(feed)
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

  #follow(conversation: ConversationId): Followed {
    const feeds: Followed['feeds'] = new Set()
    const tick = () => {
      for (const feed of feeds) feed.wake()
    }
    const followed: Followed = { feeds, pace: new Pace({ everyMs: frameMs, tick }), made: undefined }
    this.#followed.set(conversation, followed)
    return followed
  }

  #frameOf(conversation: ConversationId, followed: Followed): NonNullable<Followed['made']> {
    if (followed.made) return followed.made
    const users = this.in(conversation)
    followed.made = { frame: { users, shared: users }, names: users.join() }
    return followed.made
  }

  #wake(conversation: ConversationId): void {
    const followed = this.#followed.get(conversation)
    if (!followed) return
    followed.made = undefined
    followed.pace.soon()
  }
}
