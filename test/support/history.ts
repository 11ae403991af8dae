// What clients did and were told, and what the log holds: the shapes that tests of whole servers judge by.

export type CommandName =
  | 'sendMessage'
  | 'editMessage'
  | 'deleteMessage'
  | 'markRead'
  | 'joinRoom'
  | 'leaveRoom'
  | 'updateRoom'
  | 'setMemberRole'
  | 'removeMember'
  | 'archiveRoom'
  | 'unarchiveRoom'
  | 'createRoom'
  | 'updateProfile'
  | 'createGuest'
  | 'register'
  | 'login'
  | 'logout'
  | 'logoutEverywhere'
  | 'endSession'
  | 'changePassword'
  | 'claimGuest'
  | 'setPresence'
  | 'inviteToRoom'
  | 'declineInvitation'
  | 'openDM'
  | 'sendDM'

/** What somebody asked for. Ids are public ones. */
export interface Asked {
  readonly command: CommandName
  readonly actor: string
  readonly roomId?: string
  /** The message, the person or the session that it is about; of a direct conversation its members, sorted, with commas. */
  readonly subject?: string
  /** The text, name or role that it gives; of updateRoom the setting with its value: `topic=Tea`. */
  readonly text?: string
  readonly key?: string
}

/** What an acknowledgement said. */
export interface Acknowledged {
  readonly position: string
  readonly messageId?: string
  readonly number?: number
  readonly revision?: number
  readonly duplicate?: boolean
  readonly roomId?: string
  /** Of a direct conversation. */
  readonly directId?: string
  readonly userId?: string
}

/** Something that was asked for, and how it ended. */
export type Attempt = Asked &
  (
    | { readonly outcome: 'ok'; readonly said: Acknowledged }
    | { readonly outcome: 'failed'; readonly code: string }
    | { readonly outcome: 'unknown' }
  )

/** An event as the log has it. */
export interface LoggedEvent {
  readonly position: string
  readonly stream: string
  readonly revision: number
  /** Raw. */
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly body?: Readonly<Record<string, unknown>>
  readonly actor?: string | undefined
  /** Of the request, or of the event that a process answered to. */
  readonly causationId?: string | undefined
  readonly occurredAt: string
}

/** A message as a query shows it; `text` is null once it was deleted. */
export interface ShownMessage {
  readonly id: string
  readonly number: number
  readonly text: string | null
}

/** The stream of what has this public id. */
export const streamOf = (publicId: string): string => publicId.replace('_', '-')
