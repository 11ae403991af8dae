// Invitations to rooms: what one sees before accepting, inviting, declining. Accepting is joining the room.

import type { RoomId } from '../src/domain/ids.ts'
import type { Position } from '../src/eventstore/port.ts'
import type { InvitationToRoom } from '../src/queries/invitations.ts'
import { builder } from './builder.ts'
import { carryOut, mutation, positionDescription } from './command.ts'
import { asking, by } from './context.ts'
import { resultType } from './errors.ts'
import { aboutRoom, failures, roomPayload } from './room.ts'
import { User, Viewer } from './user.ts'

export const Invitation = builder.objectRef<InvitationToRoom>('Invitation').implement({
  description: 'An invitation that waits for an answer: joinRoom accepts it, declineInvitation declines it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the invitation.' }),
    roomName: t.string({ description: 'What the room is called.', resolve: ({ room }) => room.name }),
    roomTopic: t.string({ nullable: true, description: 'What it is about.', resolve: ({ room }) => room.topic }),
    roomId: t.exposeID('roomId', { description: 'Which room.' }),
    invitedBy: t.field({
      type: User,
      nullable: true,
      description: 'Who invited the viewer; null where the server did.',
      resolve: ({ invitedBy }, _, { loaders }) => (invitedBy ? loaders.users.load(invitedBy) : undefined),
    }),
    invitedAt: t.expose('invitedAt', { type: 'DateTime', description: 'When.' }),
  }),
})

builder.objectFields(Viewer, (t) => ({
  invitations: t.field({
    type: [Invitation],
    description: 'Those that wait for an answer, newest first; at most 100.',
    resolve: async (_, __, context) => [...(await context.app.queries.invitations(asking(context)))],
  }),
}))

const InviteToRoomResult = resultType(
  'InviteToRoomResult',
  roomPayload('InviteToRoomPayload', 'They are invited.'),
  failures('ValidationError', 'NotFoundError', 'ForbiddenError', 'ConflictError'),
)

const DeclineInvitationPayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly roomId: RoomId }>(
    'DeclineInvitationPayload',
  )
  .implement({
    description: 'The invitation is declined.',
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      roomId: t.exposeID('roomId', { description: 'Which room.' }),
    }),
  })
const DeclineInvitationResult = resultType(
  'DeclineInvitationResult',
  DeclineInvitationPayload,
  failures('NotFoundError'),
)

const InviteToRoomInput = builder.inputType('InviteToRoomInput', {
  description: 'People to invite to a room: all of them, or none.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Which room.' }),
    userIds: t.idList({ required: true, description: 'Whom; 1 to 100.' }),
  }),
})
const DeclineInvitationInput = builder.inputType('DeclineInvitationInput', {
  description: 'An invitation to decline.',
  fields: (t) => ({ roomId: t.id({ required: true, description: 'The room that it is to.' }) }),
})

mutation('inviteToRoom', {
  type: InviteToRoomResult,
  description: 'Invites people to a room. Whoever is invited already is not invited again.',
  input: InviteToRoomInput,
  inputIs: 'Whom, and to what.',
  run: (context, input) => aboutRoom(context, () => context.app.commands.invitations.invite(by(context), input)),
})
mutation('declineInvitation', {
  type: DeclineInvitationResult,
  description: 'Declines an invitation.',
  input: DeclineInvitationInput,
  inputIs: 'Which one.',
  run: (context, input) => carryOut(context, () => context.app.commands.invitations.decline(by(context), input)),
})
