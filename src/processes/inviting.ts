// Brings what rooms decide about invitations to the people concerned.

import { invitations } from '../commands/aggregate.ts'
import type { Commands } from '../commands/commands.ts'
import type { Documents } from '../documents/port.ts'
import type { Decision } from '../domain/decision.ts'
import type { InvitationEvent } from '../domain/events.ts'
import { consequenceId, parseId, type RoomId } from '../domain/ids.ts'
import { accept, type Invitations, receive, withdraw } from '../domain/invitations.ts'
import { invitationsStream } from '../domain/streams.ts'
import type { EventStore } from '../eventstore/port.ts'
import type { Logger } from '../projecting/logger.ts'
import { type Cause, Process } from './process.ts'

export interface InvitingOptions {
  readonly store: EventStore
  readonly documents: Documents
  readonly logger: Logger
  readonly commands: Commands
  /** As of `Process`. */
  readonly turn?: (() => boolean) | undefined
}

type TriggerType = 'UserInvited' | 'UserJoined' | 'MemberBanned'
type Trigger = Cause<TriggerType>

/** Follows the log; what it tells is told once, however often it begins again. */
export const inviting = ({ store, documents, logger, commands, turn }: InvitingOptions): Process<TriggerType> =>
  new Process({
    store,
    documents,
    logger,
    name: 'inviting',
    turn,
    types: ['UserInvited', 'UserJoined', 'MemberBanned'],
    handle: async (events) => {
      for (const event of events) await tell(commands, event)
    },
  })

async function tell(commands: Commands, event: Trigger): Promise<void> {
  const room = parseId(event.conversationId ?? '')
  if (room?.type !== 'room') return
  const outcome = await commands.run(invitations, invitationsStream(event.data.userId), {
    requester: { user: event.actor, correlationId: event.correlationId, causationId: event.id },
    decide: (state) => told(state, room.id, event),
  })
  // Nothing else can be refused here; it is done again.
  if (outcome.kind === 'refused') throw new Error(outcome.detail)
}

function told(state: Invitations, roomId: RoomId, event: Trigger): Decision<InvitationEvent> {
  const { id, revision } = event
  switch (event.type) {
    case 'UserInvited': {
      const eventId = consequenceId(id, 'InvitationReceived')
      return receive(state, { roomId, revision, invitedBy: event.actor, eventId })
    }
    case 'UserJoined':
      return accept(state, { roomId, joined: revision, eventId: consequenceId(id, 'InvitationAccepted') })
    case 'MemberBanned':
      return withdraw(state, { roomId, banned: revision, eventId: consequenceId(id, 'InvitationDeclined') })
    default:
      return event satisfies never
  }
}
