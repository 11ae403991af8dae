// Which command explains which event: the same string for both.

import type { Attempt, LoggedEvent } from './history.ts'
import { streamOf } from './history.ts'

/** What an attempt may have put into the log. */
export function explainedBy({ command, actor, roomId, subject, text }: Attempt): readonly string[] {
  const where = roomId === undefined ? undefined : streamOf(roomId)
  switch (command) {
    case 'sendMessage':
      return [`MessageSent ${actor} ${where} ${text}`]
    case 'editMessage':
      return [`MessageEdited ${actor} ${where} ${subject} ${text}`]
    case 'deleteMessage':
      return [`MessageDeleted ${actor} ${where} ${subject}`]
    case 'createRoom':
      return [`RoomCreated ${actor} ${text}`]
    case 'joinRoom':
      return [`UserJoined MEMBER ${actor} ${where}`]
    case 'leaveRoom':
      return [`UserLeft ${actor} ${where}`]
    case 'updateRoom':
      return [`RoomUpdated ${actor} ${where} ${text}`]
    case 'archiveRoom':
      return [`RoomArchived ${actor} ${where}`]
    case 'unarchiveRoom':
      return [`RoomUnarchived ${actor} ${where}`]
    case 'setMemberRole':
      return [`MemberRoleChanged ${actor} ${where} ${subject} ${text}`]
    case 'removeMember':
      return [`MemberRemoved ${actor} ${where} ${subject}`]
    case 'updateProfile':
      return [`ProfileUpdated ${actor} ${text}`]
    case 'createGuest':
      return [`GuestCreated ${text}`]
    case 'logout':
      return [`SessionEnded ${actor}`]
    case 'markRead':
    case 'login':
      return []
    default:
      return command satisfies never
  }
}

/** What explains an event; undefined for those that are not judged, or whose text was forgotten and can no longer tell. */
export function explanationOf({ type, stream, actor, data, body }: LoggedEvent): string | undefined {
  switch (type) {
    case 'MessageSent':
      return body && `MessageSent ${actor} ${stream} ${body.text}`
    case 'MessageEdited':
      return body && `MessageEdited ${actor} ${stream} ${data.messageId} ${body.text}`
    case 'MessageDeleted':
      return `MessageDeleted ${actor} ${stream} ${data.messageId}`
    case 'RoomCreated':
      // The rooms of the settings are made by nobody.
      return actor === undefined ? undefined : `RoomCreated ${actor} ${data.name}`
    case 'UserJoined':
      return data.role === 'OWNER' ? undefined : `UserJoined MEMBER ${actor} ${stream}`
    case 'UserLeft':
    case 'RoomArchived':
    case 'RoomUnarchived':
      return `${type} ${actor} ${stream}`
    case 'RoomUpdated':
      return `RoomUpdated ${actor} ${stream} ${data.topic}`
    case 'MemberRoleChanged':
      return `MemberRoleChanged ${actor} ${stream} ${data.userId} ${data.role}`
    case 'MemberRemoved':
      return `MemberRemoved ${actor} ${stream} ${data.userId}`
    case 'ProfileUpdated':
      return body && `ProfileUpdated ${actor} ${body.displayName}`
    case 'GuestCreated':
      return body && `GuestCreated ${body.displayName}`
    case 'SessionEnded':
      return `SessionEnded ${actor}`
    default:
      return undefined
  }
}
