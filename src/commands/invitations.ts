// Inviting people to rooms, and what they answer. Accepting an invitation is joining the room.

import { noSuchRoom } from '../domain/access.ts'
import type { Conversation } from '../domain/conversation.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import type { Recorded, UserInvited } from '../domain/events.ts'
import { consequenceId, type RoomId, type UserId } from '../domain/ids.ts'
import { decline, declinedRevision, receive } from '../domain/invitations.ts'
import { invite } from '../domain/room.ts'
import { conversationStream, invitationsStream } from '../domain/streams.ts'
import { type Position, start } from '../eventstore/port.ts'
import type { AboutRoom } from './aboutRoom.ts'
import { conversations, invitations } from './aggregate.ts'
import type { Commands } from './commands.ts'
import { roomIdOf, userIdOf } from './input.ts'
import type { By, Requester } from './occasion.ts'

/** People in one invitation, at most. */
const invitedAtOnce = 100

export class InvitationCommands {
  readonly #commands: Commands

  constructor(commands: Commands) {
    this.#commands = commands
  }

  /** All are invited, or none. */
  async invite(
    { actor, requester }: By,
    input: { readonly roomId: string; readonly userIds: readonly string[] },
  ): Promise<Refusal | AboutRoom> {
    const roomId = roomIdOf(input.roomId)
    if (!roomId) return noSuchRoom
    if (input.userIds.length === 0) return refuse('BAD_INPUT', 'Name at least one person.', 'userIds')
    if (input.userIds.length > invitedAtOnce)
      return refuse('TOO_LARGE', `Invite at most ${invitedAtOnce} people at once.`, 'userIds')
    const stream = conversationStream(roomId)
    const { state } = await this.#commands.load(conversations, stream)
    // Who may not invite is not told who exists.
    const allowed = invite(state, { actor, users: [], declined: new Map() })
    if (allowed.kind === 'refused') return allowed
    const users: UserId[] = []
    const declined = new Map<UserId, number>()
    for (const [index, text] of input.userIds.entries()) {
      const field = `userIds.${index}`
      const user = userIdOf(text)
      const person = user && (await this.#commands.facts.user(user))
      if (!user || !person) return refuse('NOT_FOUND', 'There is no such person.', field)
      if (person.disabled) return refuse('CONFLICT', 'This account is disabled.', field)
      const revision = await declinedBy(this.#commands, state, roomId, user)
      if (revision !== undefined) declined.set(user, revision)
      users.push(user)
    }
    const outcome = await this.#commands.run(conversations, stream, {
      requester,
      decide: (room) => invite(room, { actor, users, declined }),
    })
    if (outcome.kind === 'refused') return outcome
    // The process tells whoever is not told here; that this is done at once is for those who read their own writes.
    const invited = outcome.events.flatMap((event) => (event.type === 'UserInvited' ? [event] : []))
    const before = users.filter((user) => !invited.some(({ data }) => data.userId === user))
    const told = await Promise.all([
      ...invited.map((event) => this.#tell(roomId, event, requester)),
      ...before.map(async (user) => (await this.#commands.load(invitations, invitationsStream(user))).position),
    ])
    const position = told.reduce((latest, each) => (each > latest ? each : latest), outcome.position)
    return { ...outcome, position, roomId }
  }

  async #tell(roomId: RoomId, event: Recorded<UserInvited>, requester: Requester): Promise<Position> {
    const { id, revision, actor, data } = event
    const outcome = await this.#commands.run(invitations, invitationsStream(data.userId), {
      requester: { ...requester, causationId: id },
      decide: (state) =>
        receive(state, { roomId, revision, invitedBy: actor, eventId: consequenceId(id, 'InvitationReceived') }),
    })
    return outcome.kind === 'refused' ? start : outcome.position
  }

  /** Declining twice declines once. */
  async decline(
    { actor, requester }: By,
    input: { readonly roomId: string },
  ): Promise<Refusal | { readonly kind: 'done'; readonly position: Position; readonly roomId: RoomId }> {
    const roomId = roomIdOf(input.roomId)
    if (!roomId) return noSuchRoom
    const outcome = await this.#commands.run(invitations, invitationsStream(actor.user), {
      requester,
      decide: (state) => decline(state, { roomId }),
    })
    return outcome.kind === 'refused' ? outcome : { kind: 'done', position: outcome.position, roomId }
  }
}

/** Which invitation to a room somebody has declined, as its revision; looked up only for those who were invited. */
export async function declinedBy(
  commands: Commands,
  room: Conversation,
  roomId: RoomId,
  user: UserId,
): Promise<number | undefined> {
  if (room.status === 'none' || !room.invited.has(user)) return undefined
  const { state } = await commands.load(invitations, invitationsStream(user))
  return declinedRevision(state, roomId)
}
