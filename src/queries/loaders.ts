// Reads by id, gathered into one read a kind and turn. They live for one operation: nothing is kept between two, nor over a write
// within one.

import DataLoader from 'dataloader'
import { type MembershipDocument, memberships } from '../../projections/memberships.ts'
import { type MessageDocument, messages } from '../../projections/messages.ts'
import { type PresenceDocument, presence } from '../../projections/presence.ts'
import type { Projection } from '../../projections/projection.ts'
import { type ReadMarkerDocument, readMarkers } from '../../projections/readMarkers.ts'
import { type RoomDocument, rooms } from '../../projections/rooms.ts'
import { type SessionDocument, sessions } from '../../projections/sessions.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Consistency } from './consistency.ts'

/** A document with its public id. */
export type Found<D> = D & { readonly id: string }

export type Loader<D> = DataLoader<string, Found<D> | undefined>

export interface Loaders {
  readonly rooms: Loader<RoomDocument>
  readonly users: Loader<UserDocument>
  readonly messages: Loader<MessageDocument>
  readonly memberships: Loader<MembershipDocument>
  readonly readMarkers: Loader<ReadMarkerDocument>
  readonly sessions: Loader<SessionDocument>
  /** By the person's id. Who has never been seen has none. */
  readonly presence: Loader<PresenceDocument>
}

export interface LoadersOptions {
  readonly models: ReadModels
  readonly consistency: Consistency
  /**
   * For a frame of a feed: people are shown as they are known, without waiting for the read models to reach the frame's events,
   * unless one of them is not known yet.
   */
  readonly frame: boolean
}

export function loadersFor({ models, consistency, frame }: LoadersOptions): Loaders {
  async function read<D extends object>(projection: Projection<D>, ids: readonly string[]) {
    return new Map((await models.get(projection, ids)).map(({ id, document }) => [id, { ...document, id }] as const))
  }
  function loader<D extends object>(projection: Projection<D>, eager = false): Loader<D> {
    const made: Loader<D> = new DataLoader(async (ids) => {
      const early = eager ? await read(projection, ids) : undefined
      if (early && early.size === ids.length) return ids.map((id) => early.get(id))
      await consistency.ready()
      const found = await read(projection, ids)
      return ids.map((id) => found.get(id))
    })
    consistency.onRaise(() => made.clearAll())
    return made
  }
  return {
    rooms: loader(rooms),
    users: loader(users, frame),
    messages: loader(messages),
    memberships: loader(memberships),
    readMarkers: loader(readMarkers),
    sessions: loader(sessions),
    presence: loader(presence),
  }
}
