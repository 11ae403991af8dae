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

interface LoaderOptions {
  /** Does not wait for the read models where all that is asked for is there. */
  readonly eager?: boolean
  /** What it reads is of no conversation. */
  readonly forAll?: boolean
}

export function loadersFor({ models, consistency, viewer, withheld, frame }: LoadersOptions): Loaders {
  const granted = new Granted()
  // Only conversations are in the set, so that any other id is not.
  const isWithheld = (id: string): boolean => withheld?.has(id as ConversationId) ?? false
  async function read<D extends object>(
    projection: Projection<D>,
    ids: readonly string[],
  ): Promise<Map<string, Found<D>>> {
    return new Map((await models.get(projection, ids)).map(({ id, document }) => [id, { ...document, id }] as const))
  }
  function loader<D extends object>(
    projection: Projection<D>,
    options?: LoaderOptions & { readonly hidden?: (found: Found<D>) => boolean },
  ): Loader<D> {
    return loaderOf((ids) => read(projection, ids), options)
  }
  function loaderOf<F>(
    readAll: (ids: readonly string[]) => Promise<Map<string, F>>,
    { eager = false, forAll = false, hidden }: LoaderOptions & { readonly hidden?: (found: F) => boolean } = {},
  ): DataLoader<string, F | undefined> {
    const made = new DataLoader<string, F | undefined>(async (ids) => {
      const early = eager ? await readAll(ids) : undefined
      if (early && early.size === ids.length) return ids.map((id) => early.get(id))
      await consistency.ready()
      const found = await readAll(ids)
      if (!forAll) granted.read()
      return ids.map((id) => {
        const value = found.get(id)
        return value !== undefined && hidden?.(value) ? undefined : value
      })
    })
    consistency.onRaise(() => made.clearAll())
    return made
  }
  return {
    rooms: loader(rooms, { hidden: ({ id }) => isWithheld(id) }),
    conversations: loaderOf<FoundConversation>(
      async (ids) => {
        const [found, directsFound] = await Promise.all([
          read(
            rooms,
            ids.filter((id) => id.startsWith('room_')),
          ),
          read(
            directs,
            ids.filter((id) => id.startsWith('dm_')),
          ),
        ])
        return new Map<string, FoundConversation>([...found, ...directsFound])
      },
      { hidden: ({ id }) => isWithheld(id) },
    ),
    access: new DataLoader(
      async (ids) => {
        if (viewer === undefined) return ids.map(() => undefined)
        await consistency.ready()
        return await granted.asking(ids, () => accessTo(models, viewer, ids))
      },
      { cache: false },
    ),
    users: loader(users, { eager: frame, forAll: true }),
    messages: loader(messages, { hidden: ({ conversationId }) => isWithheld(conversationId) }),
    memberships: loader(memberships),
    readMarkers: loader(readMarkers),
    sessions: loader(sessions, { forAll: true }),
    presence: loader(presence, { forAll: true }),
    lostMeanwhile: async () => viewer !== undefined && (await granted.lost((ids) => accessTo(models, viewer, ids))),
  }
}
