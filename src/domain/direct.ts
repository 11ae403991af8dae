// src/domain/direct.ts: direct conversations between fixed people.

import { type Actor, noSuchConversation } from './access.ts'
import { type Conversation, evolve } from './conversation.ts'
import { type Decision, happened, nothing, type Refusal, refuse } from './decision.ts'
import type { DMOpened, DMSent, MessageSent } from './events.ts'
import type { DateTime, UserId } from './ids.ts'
import { type MessageFact, type SendMessage, send } from './message.ts'
import { mayOnServer } from './permissions.ts'

/** People in a direct conversation at most, oneself included. */
export const directSize = 20

/** What must be known of somebody who is written to for the first time. */
export interface Recipient {
  readonly user: UserId
  readonly disabled: boolean
  /** Whether the one who writes is in a room with them. */
  readonly sharesRoom: boolean
  /** Path within the input. */
  readonly field: string
}

export interface OpenDirect {
  readonly actor: Actor
  /** Everyone in it, oneself included, each once, sorted. */
  readonly members: readonly UserId[]
  /** The others. */
  readonly recipients: readonly Recipient[]
}

/** Opening it again changes nothing, whatever has become of those who are in it. */
export function open(conversation: Conversation, { actor, members, recipients }: OpenDirect): Decision<DMOpened> {
  if (conversation.status === 'exists') return conversation.members.has(actor.user) ? nothing : noSuchConversation
  for (const recipient of recipients) {
    const refused = mayNotWriteTo(actor, recipient)
    if (refused) return refused
  }
  return happened({ type: 'DMOpened', data: { members } })
}

function mayNotWriteTo({ serverRole }: Actor, { disabled, sharesRoom, field }: Recipient): Refusal | undefined {
  if (disabled) return refuse('FORBIDDEN', 'This account is disabled; nobody reads there any more.', field)
  if (mayOnServer(serverRole, sharesRoom ? 'writeToRoommates' : 'writeToAnyone')) return undefined
  return refuse(
    'FORBIDDEN',
    'Guests can write directly only to those they share a room with. Join a room of theirs, or register an account.',
    field,
  )
}

/** Opens the conversation where it is not yet, and sends in the same append. */
export function openAndSend(
  conversation: Conversation,
  opening: OpenDirect,
  message: SendMessage,
  { known, now }: { readonly known: MessageFact | undefined; readonly now: DateTime },
): Decision<DMOpened | MessageSent | DMSent> {
  const opened = open(conversation, opening)
  if (opened.kind === 'refused') return opened
  // The first event of a stream has revision 0.
  const stored = { revision: 0, occurredAt: now, actor: message.actor.user }
  const after = opened.events.reduce<Conversation>(
    (state, event) => evolve(state, { ...event, ...stored }),
    conversation,
  )
  const sent = send(after, message, { known, now })
  return sent.kind === 'refused' ? sent : happened<DMOpened | MessageSent | DMSent>(...opened.events, ...sent.events)
}
