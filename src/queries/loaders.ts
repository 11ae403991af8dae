// Reads by id, gathered into one read a kind and turn. They live for one operation: nothing is kept between two, nor over a write
// within one.

import DataLoader from 'dataloader'
import { type DirectDocument, directs } from '../../projections/directs.ts'
import { type MembershipDocument, memberships } from '../../projections/memberships.ts'
import { type MessageDocument, messages } from '../../projections/messages.ts'
import { type PresenceDocument, presence } from '../../projections/presence.ts'
import type { Projection } from '../../projections/projection.ts'
import { type ReadMarkerDocument, readMarkers } from '../../projections/readMarkers.ts'
import { type RoomDocument, rooms } from '../../projections/rooms.ts'
import { type SessionDocument, sessions } from '../../projections/sessions.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { ConversationId, UserId } from '../domain/ids.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import { type Access, accessTo } from './access.ts'
import type { Consistency } from './consistency.ts'
import { Granted } from './granted.ts'

/** A document with its public id. */
export type Found<D> = D & { readonly id: string }

export type Loader<D> = DataLoader<string, Found<D> | undefined>

export type FoundConversation = Found<RoomDocument> | Found<DirectDocument>

export interface Loaders {
  readonly rooms: Loader<RoomDocument>
  /** Rooms and direct conversations. */
  readonly conversations: DataLoader<string, FoundConversation | undefined>
  /** Whether nothing may be shown of a conversation as it is now. */
  isWithheld(id: string): boolean
  /** What the viewer may read of a conversation. Never remembered: it is asked after the content was read. */
  readonly access: DataLoader<ConversationId, Access | undefined>
  readonly users: Loader<UserDocument>
  readonly messages: Loader<MessageDocument>
  readonly memberships: Loader<MembershipDocument>
  readonly readMarkers: Loader<ReadMarkerDocument>
  readonly sessions: Loader<SessionDocument>
  /** By the person's id. Who has never been seen has none. */
  readonly presence: Loader<PresenceDocument>
  /** Whether something may have been shown that was read after the viewer had lost it. Asked once all has been read. */
  lostMeanwhile(): Promise<boolean>
}

export interface LoadersOptions {
  readonly models: ReadModels
  readonly consistency: Consistency
  /** Absent for anonymous callers. */
  readonly viewer: UserId | undefined
  /** Nothing of these conversations as they are now: whoever asks has lost them since. */
  readonly withheld?: ReadonlySet<ConversationId> | undefined
  /**
   * For a frame of a feed: people are shown as they are known, without waiting for the read models to reach the frame's events,
   * unless one of them is not known yet.
   */
  readonly frame: boolean
}

interface LoaderOptions<F> {
  /** Does not wait for the read models where all that is asked for is there. */
  readonly eager?: boolean
  /** What it reads is of no conversation. */
  readonly forAll?: boolean
  readonly hidden?: (found: F) => boolean
}

export const loadersFor = (options: LoadersOptions): Loaders => new LoadersOfOperation(options)

/** Each is made when it is asked for first: most operations need one or two. */
class LoadersOfOperation implements Loaders {
  readonly #options: LoadersOptions
  readonly #granted = new Granted()
  #rooms: Loader<RoomDocument> | undefined
  #conversations: DataLoader<string, FoundConversation | undefined> | undefined
  #access: DataLoader<ConversationId, Access | undefined> | undefined
  #users: Loader<UserDocument> | undefined
  #messages: Loader<MessageDocument> | undefined
  #memberships: Loader<MembershipDocument> | undefined
  #readMarkers: Loader<ReadMarkerDocument> | undefined
  #sessions: Loader<SessionDocument> | undefined
  #presence: Loader<PresenceDocument> | undefined

  constructor(options: LoadersOptions) {
    this.#options = options
  }

  get rooms(): Loader<RoomDocument> {
    this.#rooms ??= this.#loader(rooms, { hidden: ({ id }) => this.isWithheld(id) })
    return this.#rooms
  }

  get conversations(): DataLoader<string, FoundConversation | undefined> {
    this.#conversations ??= this.#loaderOf((ids) => this.#readConversations(ids), {
      hidden: ({ id }) => this.isWithheld(id),
    })
    return this.#conversations
  }

  get access(): DataLoader<ConversationId, Access | undefined> {
    const { models, consistency, viewer } = this.#options
    this.#access ??= new DataLoader(
      async (ids) => {
        if (viewer === undefined) return ids.map(() => undefined)
        await consistency.ready()
        return await this.#granted.asking(ids, () => accessTo(models, viewer, ids))
      },
      { cache: false },
    )
    return this.#access
  }

  get users(): Loader<UserDocument> {
    this.#users ??= this.#loader(users, { eager: this.#options.frame, forAll: true })
    return this.#users
  }

  get messages(): Loader<MessageDocument> {
    this.#messages ??= this.#loader(messages, { hidden: ({ conversationId }) => this.isWithheld(conversationId) })
    return this.#messages
  }

  get memberships(): Loader<MembershipDocument> {
    this.#memberships ??= this.#loader(memberships)
    return this.#memberships
  }

  get readMarkers(): Loader<ReadMarkerDocument> {
    this.#readMarkers ??= this.#loader(readMarkers)
    return this.#readMarkers
  }

  get sessions(): Loader<SessionDocument> {
    this.#sessions ??= this.#loader(sessions, { forAll: true })
    return this.#sessions
  }

  get presence(): Loader<PresenceDocument> {
    this.#presence ??= this.#loader(presence, { forAll: true })
    return this.#presence
  }

  async lostMeanwhile(): Promise<boolean> {
    const { models, viewer } = this.#options
    return viewer !== undefined && (await this.#granted.lost((ids) => accessTo(models, viewer, ids)))
  }

  #loader<D extends object>(projection: Projection<D>, options?: LoaderOptions<Found<D>>): Loader<D> {
    return this.#loaderOf((ids) => this.#read(projection, ids), options)
  }

  #loaderOf<F>(
    readAll: (ids: readonly string[]) => Promise<Map<string, F>>,
    { eager = false, forAll = false, hidden }: LoaderOptions<F> = {},
  ): DataLoader<string, F | undefined> {
    const { consistency } = this.#options
    const made = new DataLoader<string, F | undefined>(async (ids) => {
      const early = eager ? await readAll(ids) : undefined
      if (early && early.size === ids.length) return ids.map((id) => early.get(id))
      await consistency.ready()
      const found = await readAll(ids)
      if (!forAll) this.#granted.read()
      return ids.map((id) => {
        const value = found.get(id)
        return value !== undefined && hidden?.(value) ? undefined : value
      })
    })
    consistency.onRaise(() => made.clearAll())
    return made
  }

  async #read<D extends object>(projection: Projection<D>, ids: readonly string[]): Promise<Map<string, Found<D>>> {
    const found = await this.#options.models.get(projection, ids)
    return new Map(found.map(({ id, document }) => [id, { ...document, id }] as const))
  }

  async #readConversations(ids: readonly string[]): Promise<Map<string, FoundConversation>> {
    const [foundRooms, foundDirects] = await Promise.all([
      this.#read(
        rooms,
        ids.filter((id) => id.startsWith('room_')),
      ),
      this.#read(
        directs,
        ids.filter((id) => id.startsWith('dm_')),
      ),
    ])
    return new Map<string, FoundConversation>([...foundRooms, ...foundDirects])
  }

  /** Only conversations are in the set, so that any other id is not. */
  isWithheld(id: string): boolean {
    return this.#options.withheld?.has(id as ConversationId) ?? false
  }
}
