// What comes in many inboxes at once: events of one conversation that stand next to each other in the log of the node, and the
// frame that shows them to all who see them alike.

import type { ConversationId, UserId } from '../domain/ids.ts'
import type { Position } from '../eventstore/port.ts'
import { type ConversationRecord, earliestOf, type FeedEvent, merged } from './event.ts'
import { encodeInboxCursor, type InboxPlace } from './inboxCursor.ts'
import { type InboxDetail, isShownIn } from './inboxItems.ts'
import type { MadeFrame } from './madeFrame.ts'

/** The same for everyone: what `inboxFeed` gives of it. */
export interface SharedInboxFrame {
  readonly events: readonly FeedEvent[]
  readonly cursor: string
  readonly caughtUp: boolean
  /** What the read models must hold to show these events. */
  readonly atLeast: Position
}

/** Events of one conversation with nothing between them that concerns anybody. */
export interface InboxRun {
  readonly stream: string
  readonly conversationId: ConversationId
  /** Revisions of its first event and of its last. */
  readonly from: number
  readonly through: number
  /** Where every inbox stands that has received it. */
  readonly place: InboxPlace
  /** Whose membership begins or ends with one of them: they are told more than the others. */
  readonly about: ReadonlySet<UserId>
  /** The earliest revision that the frame tells something of. */
  readonly earliest: number
  /** Undefined where these events show nothing in inboxes of this detail. */
  readonly payload: SharedInboxFrame | undefined
}

export interface MadeRun extends InboxRun {
  readonly made: MadeFrame | undefined
}

/** @param events one after the other, of one conversation; at least one */
export function runOf(stream: string, events: readonly FeedEvent[], detail: InboxDetail): InboxRun | undefined {
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last) return undefined
  const place = placeOf(last)
  const shown = events.filter((event) => isShownIn(detail, event))
  const cursor = encodeInboxCursor(place)
  return {
    stream,
    conversationId: last.conversationId,
    from: first.revision,
    through: last.kind === 'skipped' ? last.throughRevision : last.revision,
    place,
    about: new Set(events.flatMap(membersIn)),
    earliest: earliestOf(shown),
    payload:
      shown.length === 0
        ? undefined
        : {
            events: merged(shown.map((event) => ({ ...event, cursor: encodeInboxCursor(placeOf(event)) }))),
            cursor,
            caughtUp: true,
            atLeast: last.position,
          },
  }
}

const placeOf = ({ position, anchor }: FeedEvent): InboxPlace => ({ position, anchor: { position, id: anchor } })

function membersIn(event: FeedEvent): readonly UserId[] {
  const occurred: ConversationRecord | undefined = event.kind === 'shown' ? event.event : event.hidden
  switch (occurred?.type) {
    case 'UserJoined':
    case 'UserLeft':
    case 'MemberRemoved':
    case 'MemberBanned':
      return [occurred.data.userId]
    case 'DMOpened':
      return occurred.data.members
    default:
      return []
  }
}
