// Following who is there: of some people, or of a conversation.

import type { Identity } from '../../accounts/sessions.ts'
import { parseId, type UserId } from '../../domain/ids.ts'
import type { Position } from '../../eventstore/port.ts'
import { start } from '../../eventstore/port.ts'
import { BadInput } from '../../queries/page.ts'
import { ChangesFeed } from '../changesFeed.ts'
import type { Live, Readers } from '../live.ts'
import type { OnlinePeople, PresenceChange } from './online.ts'

/** People in a frame, and people that can be named, at most. */
export const framePeople = 500
/** Of a conversation comes at most one frame in so many ms. */
const conversationFrameMs = 1_000

export interface PresenceFrame {
  readonly users: readonly UserId[]
  readonly initial: boolean
  /** What the read models must hold to show them. */
  readonly atLeast?: Position
}

interface PresenceFeedsOptions {
  readonly online: OnlinePeople
  readonly live: Pick<Live, 'readers'>
}

/** Somebody who follows: told of each change that may concern them. */
interface Follower {
  concerns(user: UserId): boolean
  changed(change: PresenceChange): void
  wake(): void
}

export class PresenceFeeds {
  readonly #options: PresenceFeedsOptions
  readonly #ofPeople = new Map<UserId, Set<Follower>>()
  readonly #ofConversations = new Set<Follower>()
  readonly #news = new Set<Follower>()
  #waking: NodeJS.Immediate | undefined

  constructor(options: PresenceFeedsOptions) {
    this.#options = options
    options.online.onChange((change) => this.#tell(change))
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
    return this.#ofUsers(userIds ?? [])
  }

  #ofUsers(ids: readonly string[]): ChangesFeed<PresenceFrame> {
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
    const { feed, follower } = this.#make({
      first: () => [...users],
      concerns: (user) => users.has(user),
      everyMs: 0,
      onClose: () => {
        for (const user of users) {
          const followers = this.#ofPeople.get(user)
          followers?.delete(follower)
          if (followers?.size === 0) this.#ofPeople.delete(user)
        }
      },
    })
    for (const user of users) this.#ofPeople.set(user, (this.#ofPeople.get(user) ?? new Set<Follower>()).add(follower))
    return feed
  }

  async #ofConversation(identity: Identity, conversation: string): Promise<ChangesFeed<PresenceFrame>> {
    const readers = await this.#options.live.readers(identity, conversation, () => feed.close())
    const { feed, follower } = this.#make({
      first: () => this.#onlineAmong(readers),
      concerns: (user) => readers.isMember(user),
      everyMs: conversationFrameMs,
      onClose: () => {
        this.#ofConversations.delete(follower)
        readers[Symbol.dispose]()
      },
    })
    this.#ofConversations.add(follower)
    return feed
  }

  /** Members who are there, as many as a frame takes: looked for among the fewer of the two. */
  #onlineAmong(readers: Readers): readonly UserId[] {
    const { online } = this.#options
    const found: UserId[] = []
    const fewer = online.size < readers.memberCount ? online.ids() : readers.members()
    for (const user of fewer) {
      if (online.has(user) && readers.isMember(user)) found.push(user)
      if (found.length === framePeople) break
    }
    return found
  }

  #make({
    first,
    concerns,
    everyMs,
    onClose,
  }: {
    readonly first: () => readonly UserId[]
    readonly concerns: (user: UserId) => boolean
    readonly everyMs: number
    readonly onClose: () => void
  }): { readonly feed: ChangesFeed<PresenceFrame>; readonly follower: Follower } {
    const { online } = this.#options
    /** Who has changed since the last frame; how is read when the next one is made. */
    const changed = new Set<UserId>()
    let begun = false
    const feed = new ChangesFeed<PresenceFrame>({
      everyMs,
      onClose: () => {
        this.#news.delete(follower)
        onClose()
      },
      take: () => {
        const position = online.position
        const atLeast = position === start ? undefined : { atLeast: position }
        if (!begun) {
          begun = true
          // What has changed till now is in it.
          changed.clear()
          return { users: first(), initial: true, ...atLeast }
        }
        const users: UserId[] = []
        for (const user of changed) {
          if (users.length === framePeople) break
          changed.delete(user)
          // Who has left meanwhile is no longer of the conversation.
          if (concerns(user)) users.push(user)
        }
        return users.length === 0 ? undefined : { users, initial: false, ...atLeast }
      },
    })
    const follower: Follower = {
      concerns,
      changed: ({ userId }) => void changed.add(userId),
      wake: () => feed.wake(),
    }
    return { feed, follower }
  }

  #tell(change: PresenceChange): void {
    const { userId } = change
    for (const follower of this.#ofPeople.get(userId) ?? []) this.#note(follower, change)
    for (const follower of this.#ofConversations) if (follower.concerns(userId)) this.#note(follower, change)
    // Frames are made after this turn: what comes together goes out together.
    if (this.#news.size > 0) this.#waking ??= setImmediate(() => this.#wake())
  }

  #note(follower: Follower, change: PresenceChange): void {
    follower.changed(change)
    this.#news.add(follower)
  }

  #wake(): void {
    this.#waking = undefined
    const followers = [...this.#news]
    this.#news.clear()
    for (const follower of followers) follower.wake()
  }
}
