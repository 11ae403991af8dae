// Which command explains which event: the same string for both.

import type { Attempt, LoggedEvent } from './history.ts'
import { streamOf } from './history.ts'

/** What an attempt that was not refused may have put into the log. */
export function explainedBy({ command, actor, roomId, subject, text }: Attempt): readonly string[] {
  const where = roomId === undefined ? undefined : streamOf(roomId)
  switch (command) {
    case 'sendMessage':
      return [`MessageSent ${actor} ${where} ${text}`]
    case 'sendDM':
      return [`DMOpened ${actor} ${subject}`, `DMSent ${actor} ${text}`]
    case 'openDM':
      return [`DMOpened ${actor} ${subject}`]
    case 'editMessage':
      return [`MessageEdited ${actor} ${where} ${subject} ${text}`]
    case 'deleteMessage':
      return [`MessageDeleted ${actor} ${where} ${subject}`]
    case 'markRead':
      return [`ReadMarkerAdvanced ${actor} ${subject}`]
    case 'createRoom':
      return [`RoomCreated ${actor} ${text}`, `SlugClaimed ${actor}`]
    case 'joinRoom':
      return [`UserJoined MEMBER ${actor} ${where}`]
    case 'leaveRoom':
      return [`UserLeft ${actor} ${where}`]
    case 'updateRoom':
      return [`RoomUpdated ${actor} ${where} ${text}`, `SlugClaimed ${actor}`, `SlugReleased ${actor}`]
    case 'archiveRoom':
      return [`RoomArchived ${actor} ${where}`]
    case 'unarchiveRoom':
      return [`RoomUnarchived ${actor} ${where}`]
    case 'inviteToRoom':
      return [`UserInvited ${actor} ${where} ${subject}`]
    case 'declineInvitation':
      return [`InvitationDeclined ${actor} ${roomId}`]
    case 'setMemberRole':
      return [`MemberRoleChanged ${actor} ${where} ${subject} ${text}`]
    case 'removeMember':
      return [`MemberRemoved ${actor} ${where} ${subject}`]
    case 'updateProfile':
      return [`ProfileUpdated ${actor} ${text}`]
    case 'register':
      return [`UserRegistered ${text}`, 'UsernameClaimed', 'SessionStarted new']
    case 'createGuest':
      return [`GuestCreated ${text}`, 'UsernameClaimed', 'SessionStarted new']
    case 'claimGuest':
      return [`GuestClaimed ${actor} ${text}`, 'UsernameClaimed', 'UsernameReleased']
    case 'login':
      return [`SessionStarted ${actor}`]
    case 'logout':
    case 'endSession':
      return [`SessionEnded ${actor}`]
    case 'logoutEverywhere':
      return [`AllSessionsEnded ${actor}`]
    case 'changePassword':
      return [`PasswordChanged ${actor}`]
    case 'setPresence':
      return []
    default:
      return command satisfies never
  }
}

/** What one that was refused may have left: names that it claimed and gave back. */
export function leftBy({ command, actor }: Attempt): readonly string[] {
  return command === 'updateRoom' ? [`SlugClaimed ${actor}`, `SlugReleased ${actor}`] : []
}

/** Judged elsewhere: by what caused them, or by what they say. */
const judgedElsewhere: ReadonlySet<string> = new Set(['InvitationReceived', 'InvitationAccepted', 'PresenceChanged'])

/**
 * What explains an event; undefined for those that are judged elsewhere, that nobody asks for, or whose text was forgotten
 * and can no longer tell.
 * @param newcomer whether it begins the first session of an account
 */
export function explanationOf(
  { type, stream, revision, actor, data, body }: LoggedEvent,
  { newcomer }: { readonly newcomer: boolean },
): string | undefined {
  switch (type) {
    case 'MessageSent':
      return body && `MessageSent ${actor} ${stream} ${body.text}`
    case 'DMSent':
      return body && `DMSent ${actor} ${body.text}`
    case 'DMOpened':
      return `DMOpened ${actor} ${data.members}`
    case 'MessageEdited':
      return body && `MessageEdited ${actor} ${stream} ${data.messageId} ${body.text}`
    case 'MessageDeleted':
      return `MessageDeleted ${actor} ${stream} ${data.messageId}`
    case 'ReadMarkerAdvanced':
      return `ReadMarkerAdvanced ${actor} ${data.messageId}`
    case 'RoomCreated':
      // The rooms of the settings are made by nobody.
      return actor === undefined ? undefined : `RoomCreated ${actor} ${data.name}`
    case 'UserJoined':
      // Whoever makes a room is its owner from its second event on.
      return data.role === 'OWNER' && revision === 1 ? undefined : `UserJoined ${data.role} ${actor} ${stream}`
    case 'UserLeft':
    case 'RoomArchived':
    case 'RoomUnarchived':
      return `${type} ${actor} ${stream}`
    case 'RoomUpdated':
      return `RoomUpdated ${actor} ${stream} ${changeIn(data)}`
    case 'UserInvited':
    case 'MemberRemoved':
      return `${type} ${actor} ${stream} ${data.userId}`
    case 'MemberRoleChanged':
      return `MemberRoleChanged ${actor} ${stream} ${data.userId} ${data.role}`
    case 'InvitationDeclined':
      return `InvitationDeclined ${actor} ${data.roomId}`
    case 'ProfileUpdated':
      return body && `ProfileUpdated ${actor} ${body.displayName}`
    case 'UserRegistered':
      return `UserRegistered ${data.username}`
    case 'GuestCreated':
      return body && `GuestCreated ${body.displayName}`
    case 'GuestClaimed':
      return `GuestClaimed ${actor} ${data.username}`
    case 'UsernameClaimed':
    case 'UsernameReleased':
      return type
    case 'SlugClaimed':
    case 'SlugReleased':
      return actor === undefined ? undefined : `${type} ${actor}`
    case 'SessionStarted':
      return newcomer ? 'SessionStarted new' : `SessionStarted ${data.userId}`
    case 'SessionUsed':
      return undefined
    case 'SessionEnded':
    case 'AllSessionsEnded':
    case 'PasswordChanged':
      return `${type} ${actor}`
    default:
      return judgedElsewhere.has(type) ? undefined : `${type} of a type that no command is known to write`
  }
}

/** What was asked for: a change of visibility brings a slug, or takes it away. */
function changeIn(data: LoggedEvent['data']): string | undefined {
  const asked = ['visibility', 'topic', 'historyVisibility', 'slowModeSeconds', 'slug'].find((name) => name in data)
  return asked && `${asked}=${data[asked]}`
}
