// Rooms: what they show, making and changing them, joining and leaving, roles and removal.

import type { RoomDocument } from '../projections/rooms.ts'
import type { AboutRoom } from '../src/commands/aboutRoom.ts'
import type { Refusal } from '../src/domain/decision.ts'
import type { HistoryVisibility, RoomVisibility } from '../src/domain/events.ts'
import { membershipId, parseId, type UserId } from '../src/domain/ids.ts'
import type { Found } from '../src/queries/loaders.ts'
import { BadInput } from '../src/queries/page.ts'
import { builder } from './builder.ts'
import { carryOut, mutation, positionDescription } from './command.ts'
import { afterDescription, connectionType, firstDescription } from './connection.ts'
import { asking, by, type Context, present } from './context.ts'
import { RoomRoleType } from './conversation.ts'
import { type ErrorName, resultType } from './errors.ts'
import { Node } from './node.ts'
import { Conversation, Membership } from './refs.ts'
import { passing } from './shared.ts'
import { User } from './user.ts'

const RoomVisibilityType = builder.enumType('RoomVisibility', {
  description:
    'PUBLIC: everyone signed in may find, read and join it, unless banned; whoever is removed may still read, as everyone may. PRIVATE: by invitation; others cannot tell that it exists.',
  values: {
    PUBLIC: { description: 'For everyone signed in.' },
    PRIVATE: { description: 'By invitation.' },
  } satisfies Record<RoomVisibility, unknown>,
})

const HistoryVisibilityType = builder.enumType('HistoryVisibility', {
  description:
    'What a member sees of the time before joining. SINCE_JOINED only in private rooms; it hides earlier messages, and what later happens to them.',
  values: {
    ALL: { description: 'Everything.' },
    SINCE_JOINED: { description: 'Only what was sent since.' },
  } satisfies Record<HistoryVisibility, unknown>,
})

export const Room = builder.objectRef<Found<RoomDocument>>('Room').implement({
  description: 'A conversation that people join and leave.',
  interfaces: [Conversation, Node],
  fields: (t) => ({
    slug: t.exposeString('slug', {
      extensions: passing,
      nullable: true,
      description: 'Its name in addresses. Null while private: private names cannot be found out by trying them.',
    }),
    name: t.exposeString('name', { extensions: passing, description: 'What it is called.' }),
    topic: t.exposeString('topic', { extensions: passing, nullable: true, description: 'What it is about.' }),
    visibility: t.expose('visibility', {
      extensions: passing,
      type: RoomVisibilityType,
      description: 'Who may find, read and join it.',
    }),
    historyVisibility: t.expose('historyVisibility', {
      extensions: passing,
      type: HistoryVisibilityType,
      description: 'What a member sees of the time before joining.',
    }),
    slowModeSeconds: t.exposeInt('slowModeSeconds', {
      extensions: passing,
      description: 'Seconds that a plain member waits between two messages; 0 for none.',
    }),
    archived: t.exposeBoolean('archived', { extensions: passing, description: 'Whether it can only be read.' }),
    createdBy: t.field({
      extensions: passing,
      type: User,
      nullable: true,
      description: 'Who made it; null where the server did.',
      resolve: ({ createdBy }, _, { loaders }) => (createdBy ? loaders.users.load(createdBy) : undefined),
    }),
    memberCount: t.exposeInt('memberCount', { extensions: passing, description: 'How many are in it.' }),
  }),
})

const RoomConnection = connectionType('Room', Room)

builder.queryFields((t) => ({
  room: t.field({
    type: Room,
    nullable: true,
    description: 'By exactly one of id and slug.',
    args: { id: t.arg.id({ description: "A room's id." }), slug: t.arg.string({ description: "A room's slug." }) },
    resolve: async (_, { id, slug }, context) => {
      const viewer = asking(context)
      if ((id == null) === (slug == null)) throw new BadInput('Give exactly one of "id" and "slug".')
      if (slug != null) return await context.app.queries.room(viewer, { slug })
      const parsed = parseId(id ?? '')
      return parsed?.type === 'room' ? await context.app.queries.room(viewer, { id: parsed.id }) : undefined
    },
  }),
  rooms: t.field({
    type: RoomConnection,
    description: 'Public rooms, most recently active first.',
    args: {
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: afterDescription }),
      query: t.arg.string({ description: 'Only those whose name or slug begins with this.' }),
    },
    resolve: (_, { query, ...page }, context) => context.app.queries.publicRooms(asking(context), page, query),
  }),
}))

// ── commands ──

type RoomPayload = Pick<AboutRoom, 'kind' | 'position' | 'roomId'> & { readonly userId?: UserId }

const roomField = async ({ roomId }: RoomPayload, { loaders }: Context) => present(await loaders.rooms.load(roomId))

export const roomPayload = (name: string, description: string) =>
  builder.objectRef<RoomPayload>(name).implement({
    description,
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      room: t.field({
        type: Room,
        description: 'The room as it is now.',
        resolve: (payload, _, context) => roomField(payload, context),
      }),
    }),
  })

const LeaveRoomPayload = builder.objectRef<RoomPayload>('LeaveRoomPayload').implement({
  description: 'The viewer is not in the room any more.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    roomId: t.exposeID('roomId', { description: 'Which room.' }),
  }),
})

const RemoveMemberPayload = builder.objectRef<RoomPayload>('RemoveMemberPayload').implement({
  description: 'The person is not in the room any more.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    room: t.field({
      type: Room,
      description: 'The room as it is now.',
      resolve: (payload, _, context) => roomField(payload, context),
    }),
    user: t.field({
      type: User,
      description: 'Who was removed.',
      resolve: async ({ userId }, _, { loaders }) => present(userId && (await loaders.users.load(userId))),
    }),
  }),
})

const SetMemberRolePayload = builder.objectRef<RoomPayload>('SetMemberRolePayload').implement({
  description: 'The person has the role.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    membership: t.field({
      type: Membership,
      description: 'The membership as it is now.',
      resolve: async ({ roomId, userId }, _, { loaders }) =>
        present(userId && (await loaders.memberships.load(membershipId(roomId, userId)))),
    }),
  }),
})

export const failures = (...names: readonly ErrorName[]): readonly ErrorName[] => [
  ...names,
  'RateLimitedError',
  'UnavailableError',
]

const CreateRoomResult = resultType(
  'CreateRoomResult',
  roomPayload('CreateRoomPayload', 'The room is made.'),
  failures('ValidationError', 'ForbiddenError', 'ConflictError'),
)
const UpdateRoomResult = resultType(
  'UpdateRoomResult',
  roomPayload('UpdateRoomPayload', 'The room is as it was asked for.'),
  failures('ValidationError', 'NotFoundError', 'ForbiddenError', 'ConflictError'),
)
const ArchiveRoomResult = resultType(
  'ArchiveRoomResult',
  roomPayload('ArchiveRoomPayload', 'The room can only be read now.'),
  failures('NotFoundError', 'ForbiddenError'),
)
const UnarchiveRoomResult = resultType(
  'UnarchiveRoomResult',
  roomPayload('UnarchiveRoomPayload', 'The room can be written in again.'),
  failures('NotFoundError', 'ForbiddenError', 'ConflictError'),
)
const JoinRoomResult = resultType(
  'JoinRoomResult',
  roomPayload('JoinRoomPayload', 'The viewer is in the room.'),
  failures('NotFoundError', 'ForbiddenError', 'ConflictError'),
)
const LeaveRoomResult = resultType('LeaveRoomResult', LeaveRoomPayload, failures('NotFoundError', 'ConflictError'))
const SetMemberRoleResult = resultType(
  'SetMemberRoleResult',
  SetMemberRolePayload,
  failures('ValidationError', 'NotFoundError', 'ForbiddenError', 'ConflictError'),
)
const RemoveMemberResult = resultType(
  'RemoveMemberResult',
  RemoveMemberPayload,
  failures('ValidationError', 'NotFoundError', 'ForbiddenError'),
)

const CreateRoomInput = builder.inputType('CreateRoomInput', {
  description:
    'A PUBLIC room needs a slug (a to z, 0 to 9, hyphens; 1 to 64), which defaults to one made of its name; a PRIVATE one has none.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 80 characters.' }),
    slug: t.string({ description: 'Made of the name where it is left out.' }),
    topic: t.string({ description: 'At most 500 characters.' }),
    visibility: t.field({
      type: RoomVisibilityType,
      required: true,
      defaultValue: 'PUBLIC',
      description: 'Who may find, read and join it.',
    }),
    historyVisibility: t.field({
      type: HistoryVisibilityType,
      required: true,
      defaultValue: 'ALL',
      description: 'What a member sees of the time before joining. A public room shows ALL.',
    }),
    idempotencyKey: t.id({ description: 'Makes the command safe to repeat, for ever; 1 to 64 characters.' }),
  }),
})
const UpdateRoomInput = builder.inputType('UpdateRoomInput', {
  description: 'What is to change; null clears, leaving out keeps.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Which room.' }),
    name: t.string({ description: '1 to 80 characters. Owners only.' }),
    slug: t.string({ description: 'a to z, 0 to 9, hyphens; 1 to 64. Owners only; public rooms only.' }),
    topic: t.string({ description: 'At most 500 characters.' }),
    visibility: t.field({
      type: RoomVisibilityType,
      description:
        'Owners only. A room that becomes PRIVATE gives its slug back, and can be read by its members alone from then on; one that becomes PUBLIC gets a slug of its name where none is given.',
    }),
    historyVisibility: t.field({
      type: HistoryVisibilityType,
      description: 'Owners only. The present setting holds for all history.',
    }),
    slowModeSeconds: t.int({ description: '0 (off) to 21,600.' }),
  }),
})
const roomInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ roomId: t.id({ required: true, description: 'Which room.' }) }),
  })
const ArchiveRoomInput = roomInput('ArchiveRoomInput', 'A room that is only to be read from now on.')
const UnarchiveRoomInput = roomInput('UnarchiveRoomInput', 'A room that is to be written in again.')
const JoinRoomInput = roomInput('JoinRoomInput', 'A room to join.')
const LeaveRoomInput = roomInput('LeaveRoomInput', 'A room to leave.')
const SetMemberRoleInput = builder.inputType('SetMemberRoleInput', {
  description: 'A role for a member.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Which room.' }),
    userId: t.id({ required: true, description: 'Who.' }),
    role: t.field({ type: RoomRoleType, required: true, description: 'What they are to be.' }),
  }),
})
const RemoveMemberInput = builder.inputType('RemoveMemberInput', {
  description: 'A member to remove.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Which room.' }),
    userId: t.id({ required: true, description: 'Who.' }),
    reason: t.string({ description: 'Why; at most 500 characters.' }),
  }),
})

/** A command about a room, and about somebody in it. */
export async function aboutRoom(
  context: Context,
  command: () => Promise<Refusal | AboutRoom>,
  about: { readonly userId?: string } = {},
): Promise<Refusal | RoomPayload> {
  const outcome = await carryOut(context, command)
  if (outcome.kind === 'refused') return outcome
  const { position, roomId } = outcome
  const user = about.userId === undefined ? undefined : parseId(about.userId)
  return { kind: 'done', position, roomId, ...(user?.type === 'user' ? { userId: user.id } : undefined) }
}

mutation('createRoom', {
  type: CreateRoomResult,
  description: 'Makes a room; whoever makes it is its owner.',
  input: CreateRoomInput,
  inputIs: 'The room.',
  run: (context, input) => aboutRoom(context, () => context.app.commands.rooms.create(by(context), input)),
})
mutation('updateRoom', {
  type: UpdateRoomResult,
  description: 'Changes what a room is called, what it is about, who may find it and how much it shows.',
  input: UpdateRoomInput,
  inputIs: 'What is to change.',
  run: (context, input) => aboutRoom(context, () => context.app.commands.rooms.update(by(context), input)),
})
mutation('archiveRoom', {
  type: ArchiveRoomResult,
  description: 'Makes a room one that can only be read.',
  input: ArchiveRoomInput,
  inputIs: 'The room.',
  run: (context, { roomId }) => aboutRoom(context, () => context.app.commands.rooms.archive(by(context), roomId)),
})
mutation('unarchiveRoom', {
  type: UnarchiveRoomResult,
  description: 'Opens an archived room again.',
  input: UnarchiveRoomInput,
  inputIs: 'The room.',
  run: (context, { roomId }) => aboutRoom(context, () => context.app.commands.rooms.unarchive(by(context), roomId)),
})
mutation('joinRoom', {
  type: JoinRoomResult,
  description: 'Makes the viewer a member of a room, and accepts an invitation. Joining reads up to the present.',
  input: JoinRoomInput,
  inputIs: 'The room.',
  run: (context, { roomId }) => aboutRoom(context, () => context.app.commands.rooms.join(by(context), roomId)),
})
mutation('leaveRoom', {
  type: LeaveRoomResult,
  description: 'Ends the membership of the viewer.',
  input: LeaveRoomInput,
  inputIs: 'The room.',
  run: (context, { roomId }) => aboutRoom(context, () => context.app.commands.rooms.leave(by(context), roomId)),
})
mutation('setMemberRole', {
  type: SetMemberRoleResult,
  description: 'Makes a member an owner, a moderator or a plain member.',
  input: SetMemberRoleInput,
  inputIs: 'Who, and what.',
  run: (context, input) => aboutRoom(context, () => context.app.commands.rooms.setRole(by(context), input), input),
})
mutation('removeMember', {
  type: RemoveMemberResult,
  description: 'Removes somebody from a room.',
  input: RemoveMemberInput,
  inputIs: 'Who, and why.',
  run: (context, input) => aboutRoom(context, () => context.app.commands.rooms.remove(by(context), input), input),
})
