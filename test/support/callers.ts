// Everybody who may ask something of a server, and rooms in which each of them is what their name says.

import { newUuid } from '../../src/commands/occasion.ts'
import type { RoomVisibility } from '../../src/domain/events.ts'
import { type MessageId, messageId, type RoomId, rawId, roomId, type UserId } from '../../src/domain/ids.ts'
import { conversationStream, invitationsStream } from '../../src/domain/streams.ts'
import {
  by,
  memberBanned,
  memberRemoved,
  messageSent,
  roomCreated,
  userInvited,
  userJoined,
} from '../fixtures/events.ts'
import { ApiClient, guest, registered } from './client.ts'
import { type OpenServer, plantServerRole, plantSession } from './openServer.ts'

export const callers = [
  'anonymous',
  'guest',
  'stranger',
  'invited',
  'member',
  'former member',
  'banned',
  'moderator',
  'owner',
  'server moderator',
  'admin',
] as const

export type Caller = (typeof callers)[number]

/** Everybody but who is not signed in; `other` is a plain member in every room. */
type Person = Exclude<Caller, 'anonymous'> | 'other'

export interface People {
  readonly server: OpenServer
  /** Their public ids. */
  readonly ids: Readonly<Record<Person, UserId>>
  client(caller: Caller): ApiClient
  /** Signs the caller in again: the session they had has ended. */
  renew(caller: Caller): Promise<void>
}

export async function newPeople(server: OpenServer): Promise<People> {
  const clients = new Map<Caller | Person, ApiClient & { readonly userId: string }>()
  clients.set('guest', await guest(server.graphql, 'Guest'))
  const accounts = ['other', ...callers.filter((caller) => caller !== 'anonymous' && caller !== 'guest')] as const
  await Promise.all(
    accounts.map(async (name) => clients.set(name, await registered(server.graphql, name.replace(' ', '-')))),
  )
  // All of them were just signed in.
  const idOf = (name: Person) => clients.get(name)?.userId as UserId
  const ids: People['ids'] = {
    guest: idOf('guest'),
    stranger: idOf('stranger'),
    invited: idOf('invited'),
    member: idOf('member'),
    'former member': idOf('former member'),
    banned: idOf('banned'),
    moderator: idOf('moderator'),
    owner: idOf('owner'),
    'server moderator': idOf('server moderator'),
    admin: idOf('admin'),
    other: idOf('other'),
  }
  await plantServerRole(server, ids['server moderator'], 'MODERATOR')
  await plantServerRole(server, ids.admin, 'ADMIN')
  const nobody = new ApiClient(server.graphql)
  return {
    server,
    ids,
    client: (caller) => clients.get(caller) ?? nobody,
    renew: async (caller) => {
      if (caller === 'anonymous') return
      const userId = ids[caller]
      const { token } = await plantSession(server, userId)
      clients.set(caller, Object.assign(new ApiClient(server.graphql, token), { userId }))
    },
  }
}

/** A room made for one caller to try one thing in. */
export interface Place {
  readonly room: RoomId
  readonly name: string
  readonly slug: string
  /** Sent by a plain member. */
  readonly message: MessageId
  /** Sent by the caller, whatever they are; by the plain member for who is not signed in. */
  readonly own: MessageId
  /** Membership of the plain member. */
  readonly membership: string
  /** Reads that see all of it. */
  readonly position: string
}

/** Everybody is in it as what they are called. The stranger, the guest and those with a role on the server are not. */
export async function newPlace({ server, ids }: People, visibility: RoomVisibility, caller: Caller): Promise<Place> {
  const raw = newUuid()
  const room = roomId(raw)
  const [message, own] = [messageId(newUuid()), messageId(newUuid())]
  const slug = `room-${raw}`
  const author = caller === 'anonymous' ? ids.other : ids[caller]
  const data = { visibility, name: slug }
  const created = visibility === 'PUBLIC' ? roomCreated({ ...data, slug }) : withoutSlug(data)
  if (visibility === 'PUBLIC') await server.plant(`roomslug-${slug}`, { type: 'SlugClaimed', data: { roomId: room } })
  const { position } = await server.plant(
    conversationStream(room),
    by(ids.owner, created),
    by(ids.owner, userJoined(ids.owner, 'OWNER')),
    by(ids.moderator, userJoined(ids.moderator, 'MODERATOR')),
    ...[ids.member, ids['former member'], ids.banned, ids.other].map((user) => by(user, userJoined(user))),
    by(ids.other, messageSent(1, 'one', { id: message })),
    by(author, messageSent(2, 'two', { id: own })),
    by(ids.owner, memberRemoved(ids['former member'])),
    by(ids.owner, { ...memberBanned(ids.banned), data: { userId: ids.banned, wasMember: true } }),
    by(ids.owner, userInvited(ids.invited)),
  )
  // A process tells people of their invitations, some time later.
  if (caller === 'invited') await told(server, ids.invited, room)
  const membership = `membership_${room}_${rawId(ids.other)}`
  return { room, name: slug, slug, message, own, membership, position }
}

async function told({ store }: OpenServer, person: UserId, room: RoomId): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    const pages = await Array.fromAsync(store.readStream(invitationsStream(person)))
    if (pages.flat().some(({ data }) => data.roomId === room)) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('Nobody was told of the invitation.')
}

function withoutSlug(data: { readonly visibility: RoomVisibility; readonly name: string }) {
  const { data: made, ...event } = roomCreated(data)
  const { slug: _slug, ...rest } = made
  return { ...event, data: rest }
}
