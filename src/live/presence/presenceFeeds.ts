// Following who is there: of some people, or of a conversation.

import type { Identity } from '../../accounts/sessions.ts'
import { type ConversationId, parseId, type UserId } from '../../domain/ids.ts'
import { conversationOf } from '../../domain/streams.ts'
import { decode, isDecoded } from '../../eventstore/decode.ts'
import type { LogListener } from '../../eventstore/follower.ts'
import type { Delivery, RecordedEvent } from '../../eventstore/port.ts'
import { BadInput } from '../../queries/page.ts'
import { ChangesFeed } from '../changesFeed.ts'
import type { Live } from '../live.ts'
import { MadeTogether } from '../madeTogether.ts'
import { Pace } from '../pace.ts'
import { ConversationPresence } from './conversationPresence.ts'
import type { OnlinePeople } from './online.ts'
import { framePeople, type PresenceFrame, presenceFrame } from './presenceFrame.ts'

/** Of people that are named comes at most one frame in so many ms. */
const peopleFrameMs = 200

interface PresenceFeedsOptions {
  readonly online: OnlinePeople
  readonly live: Pick<Live, 'readers'>
  /** ms since 1970. */
  readonly now: () => number
}

/** Somebody who follows people by name. */
interface PeopleFollower {
  readonly feed: ChangesFeed<PresenceFrame>
  /** Who has changed since the last frame; how is read when the next one is made. */
  readonly changed: Set<UserId>
}

export class PresenceFeeds implements LogListener {
  readonly #options: PresenceFeedsOptions
  readonly #conversations = new Map<ConversationId, ConversationPresence>()
  /** Where somebody is a member, of the conversations that are followed: a change asks nobody else. */
  readonly #memberships = new Map<UserId, Set<ConversationPresence>>()
  readonly #ofPeople = new Map<UserId, Set<PeopleFollower>>()
  readonly #news = new Set<PeopleFollower>()
  readonly #together = new MadeTogether()
  readonly #pace = new Pace({ everyMs: peopleFrameMs, tick: () => this.#tellPeople() })

  constructor(options: PresenceFeedsOptions) {
    this.#options = options
    options.online.onChange(({ userId }) => this.#changed(userId))
  }

  /** Changes that are kept for those who have not been told of them. */
  get kept(): number {
    let kept = 0
    for (const followed of this.#conversations.values()) kept += followed.kept
    return kept
  }

  /**
   * First everyone asked for, then those whose state has changed.
   * @throws GraphQLError BAD_INPUT unless exactly one of the two is given, with 1 to 500 people; NOT_FOUND for a conversation
   * that the viewer may not read
   */
  async feed(
    identity: Identity,
    asked: {
      readonly conversationId?: string | null | undefined
      readonly userIds?: readonly string[] | null | undefined
    },
  ): Promise<ChangesFeed<PresenceFrame>> {
    const { conversationId, userIds } = asked
    if ((conversationId == null) === (userIds == null))
      throw new BadInput('Give exactly one of "conversationId" and "userIds".')
    if (conversationId != null) return await this.#ofConversation(identity, conversationId)
    return this.#ofUsers(identity, userIds ?? [])
  }

  /** Follows who is in the conversations that are followed. It hears of the log after the conversations' own state has. */
  deliver({ events }: Delivery): void {
    if (this.#conversations.size === 0) return
    for (const event of events) {
      if (!moves.has(event.type)) continue
      const conversation = conversationOf(event.stream)
      const followed = conversation && this.#conversations.get(conversation)
      if (followed) this.#moved(followed, event)
    }
  }

  #ofUsers({ deadline }: Identity, ids: readonly string[]): ChangesFeed<PresenceFrame> {
    if (ids.length === 0) throw new BadInput('"userIds" is empty: name at least one person.')
    if (ids.length > framePeople)
      throw new BadInput(
        `${ids.length} people are too many: one subscription follows ${framePeople} at most. Follow a conversation, or open several subscriptions.`,
      )
    const users = new Set<UserId>()
    for (const id of ids) {
      const parsed = parseId(id)
      if (parsed?.type === 'user') users.add(parsed.id)
    }
    const { online, now } = this.#options
    const changed = new Set<UserId>()
    let begun = false
    let dueAt = 0
    const feed = new ChangesFeed<PresenceFrame>({
      deadline,
      now,
      together: this.#together,
      take: () => {
        if (begun && changed.size === 0) return undefined
        if (this.#pace.now < dueAt) {
          this.#note(follower)
          return undefined
        }
        dueAt = this.#pace.now + peopleFrameMs
        const told = begun ? [...changed] : [...users]
        const frame = presenceFrame(told, { initial: !begun, online, shared: false })
        begun = true
        // What has changed till now is in it.
        changed.clear()
        return frame
      },
      onClose: () => {
        this.#news.delete(follower)
        for (const user of users) remove(this.#ofPeople, user, follower)
      },
    })
    const follower: PeopleFollower = { feed, changed }
    for (const user of users) add(this.#ofPeople, user, follower)
    return feed
  }

  async #ofConversation(identity: Identity, conversation: string): Promise<ChangesFeed<PresenceFrame>> {
    const readers = await this.#options.live.readers(identity, conversation, () => feed.close())
    const { conversationId } = readers
    const followed = this.#conversations.get(conversationId) ?? this.#follow(conversationId, readers)
    const feed = new ChangesFeed<PresenceFrame>({
      deadline: identity.deadline,
      now: this.#options.now,
      together: this.#together,
      take: () => place.take(),
      onClose: () => {
        place.remove()
        if (followed.followers === 0) this.#letGo(conversationId, followed)
        readers[Symbol.dispose]()
      },
    })
    const place = followed.add(feed)
    return feed
  }

  #follow(
    conversationId: ConversationId,
    readers: ConstructorParameters<typeof ConversationPresence>[1],
  ): ConversationPresence {
    const followed = new ConversationPresence(this.#options.online, readers)
    this.#conversations.set(conversationId, followed)
    for (const user of readers.members()) add(this.#memberships, user, followed)
    return followed
  }

  #letGo(conversationId: ConversationId, followed: ConversationPresence): void {
    this.#conversations.delete(conversationId)
    for (const user of followed.members()) remove(this.#memberships, user, followed)
  }

  #moved(followed: ConversationPresence, stored: RecordedEvent): void {
    const event = decode(stored)
    if (!isDecoded(event)) return
    switch (event.type) {
      case 'UserJoined':
        add(this.#memberships, event.data.userId, followed)
        break
      case 'UserLeft':
      case 'MemberRemoved':
      case 'MemberBanned':
        remove(this.#memberships, event.data.userId, followed)
        break
      default:
    }
    followed.moved()
  }

  #changed(user: UserId): void {
    for (const followed of this.#memberships.get(user) ?? []) followed.changed(user)
    for (const follower of this.#ofPeople.get(user) ?? []) {
      follower.changed.add(user)
      this.#note(follower)
    }
  }

  #note(follower: PeopleFollower): void {
    this.#news.add(follower)
    this.#pace.soon()
  }

  #tellPeople(): void {
    const followers = [...this.#news]
    this.#news.clear()
    for (const { feed } of followers) feed.wake()
  }
}

const moves: ReadonlySet<string> = new Set(['UserJoined', 'UserLeft', 'MemberRemoved', 'MemberBanned'])

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key)
  if (values) values.add(value)
  else map.set(key, new Set([value]))
}

function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key)
  if (values?.delete(value) && values.size === 0) map.delete(key)
}
