// What a room is now: its names, its settings, its counts, and where its log ends.

import type { EventOf, EventType, HistoryVisibility, Recorded, RoomVisibility } from '../src/domain/events.ts'
import type { ConversationId, DateTime, MessageId, UserId } from '../src/domain/ids.ts'
import { messageId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

export interface RoomDocument {
  readonly visibility: RoomVisibility
  readonly historyVisibility: HistoryVisibility
  readonly name: string
  /** Of the name, as people search it: lower case. */
  readonly nameKey: string
  readonly slug?: string
  readonly topic?: string
  readonly slowModeSeconds: number
  readonly archived: boolean
  readonly createdBy?: UserId
  readonly createdAt: DateTime
  readonly memberCount: number
  /** Number of the newest message; 0 before the first. */
  readonly lastNumber: number
  readonly lastMessageId?: MessageId
  /** Time of the newest message, or of the room's beginning. */
  readonly activeAt: DateTime
  /** Revision and id of the newest event: where a feed begins. */
  readonly lastRevision: number
  readonly lastEventId: string
}

type RoomDocumentEvent = Recorded<
  EventOf<
    | 'RoomUpdated'
    | 'RoomArchived'
    | 'RoomUnarchived'
    | 'UserJoined'
    | 'UserLeft'
    | 'UserInvited'
    | 'MemberRemoved'
    | 'MemberRoleChanged'
    | 'MemberBanned'
    | 'MemberUnbanned'
    | 'MessageSent'
    | 'MessageEdited'
    | 'MessageDeleted'
  >
>

/** Direct conversations have documents of their own. */
const ofRoom = ({ conversationId }: { readonly conversationId?: ConversationId }) =>
  conversationId?.startsWith('room_') ? conversationId : undefined

const changed =
  <T extends EventType>(
    change: (room: RoomDocument, event: Recorded<EventOf<T>>) => Partial<RoomDocument> | undefined,
  ) =>
  (room: RoomDocument | undefined, event: Recorded<EventOf<T>> & RoomDocumentEvent): RoomDocument | undefined =>
    room && { ...room, ...change(room, event), lastRevision: event.revision, lastEventId: event.id }

const unchanged = () => undefined

export const rooms = projection<RoomDocument>({
  name: 'rooms',
  version: 2,
  access: true,
  indexes: [{ visibility: 1, activeAt: -1 }, { slug: 1 }],
  documentOf: {
    RoomCreated: ofRoom,
    RoomUpdated: ofRoom,
    RoomArchived: ofRoom,
    RoomUnarchived: ofRoom,
    UserJoined: ofRoom,
    UserLeft: ofRoom,
    UserInvited: ofRoom,
    MemberRemoved: ofRoom,
    MemberRoleChanged: ofRoom,
    MemberBanned: ofRoom,
    MemberUnbanned: ofRoom,
    MessageSent: ofRoom,
    MessageEdited: ofRoom,
    MessageDeleted: ofRoom,
  },
  evolve: {
    RoomCreated: (_, event) => ({
      visibility: event.data.visibility,
      historyVisibility: event.data.historyVisibility,
      name: event.data.name,
      nameKey: event.data.name.toLowerCase(),
      ...(event.data.slug === undefined ? undefined : { slug: event.data.slug }),
      ...(event.data.topic === undefined ? undefined : { topic: event.data.topic }),
      slowModeSeconds: 0,
      archived: false,
      ...(event.actor === undefined ? undefined : { createdBy: event.actor }),
      createdAt: event.occurredAt,
      memberCount: 0,
      lastNumber: 0,
      activeAt: event.occurredAt,
      lastRevision: event.revision,
      lastEventId: event.id,
    }),
    RoomUpdated: (room, event) => {
      if (!room) return undefined
      const { slug, topic, ...others } = event.data
      const { slug: slugBefore, topic: topicBefore, ...rest } = room
      const slugNow = slug === undefined ? slugBefore : slug
      const topicNow = topic === undefined ? topicBefore : topic
      const name = others.name ?? room.name
      return {
        ...rest,
        ...others,
        name,
        nameKey: name.toLowerCase(),
        ...(typeof slugNow === 'string' ? { slug: slugNow } : undefined),
        ...(typeof topicNow === 'string' ? { topic: topicNow } : undefined),
        lastRevision: event.revision,
        lastEventId: event.id,
      }
    },
    RoomArchived: changed<'RoomArchived'>(() => ({ archived: true })),
    RoomUnarchived: changed<'RoomUnarchived'>(() => ({ archived: false })),
    UserJoined: changed<'UserJoined'>((room) => ({ memberCount: room.memberCount + 1 })),
    UserLeft: changed<'UserLeft'>((room) => ({ memberCount: room.memberCount - 1 })),
    MemberRemoved: changed<'MemberRemoved'>((room) => ({ memberCount: room.memberCount - 1 })),
    UserInvited: changed<'UserInvited'>(unchanged),
    MemberRoleChanged: changed<'MemberRoleChanged'>(unchanged),
    MemberBanned: changed<'MemberBanned'>((room, event) =>
      event.data.wasMember ? { memberCount: room.memberCount - 1 } : undefined,
    ),
    MemberUnbanned: changed<'MemberUnbanned'>(unchanged),
    MessageSent: changed<'MessageSent'>((_, event) => ({
      lastNumber: event.data.number,
      lastMessageId: messageId(event.id),
      activeAt: event.occurredAt,
    })),
    MessageEdited: changed<'MessageEdited'>(unchanged),
    MessageDeleted: changed<'MessageDeleted'>(unchanged),
  },
})
