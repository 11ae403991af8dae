// What somebody may want to do next: one wish for each command, made of what they know.

import type { Wish } from './attempting.ts'
import type { CommandName } from './history.ts'
import type { Random } from './random.ts'

/** A wish, with the session that it is asked in; none for those who sign in by it. */
export interface Wanted {
  readonly wish: Wish
  readonly token: string | undefined
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** A session besides that of the writer. */
export interface Session {
  readonly userId: string
  readonly token: string
  readonly kind: 'GUEST' | 'ACCOUNT'
}

/** What a writer knows. */
interface Standing {
  readonly actor: string
  readonly token: string | undefined
  /** Absent for guests. */
  readonly credentials: Credentials | undefined
  readonly random: Random
  /** Unlike every other text of the test. */
  readonly text: string
  readonly sessions: readonly Session[]
  readonly rooms: readonly string[]
  readonly messages: readonly { readonly id: string; readonly roomId: string; readonly author: string }[]
  readonly people: readonly string[]
  readonly invited: readonly { readonly roomId: string; readonly userId: string }[]
}

/** @returns undefined where there is nothing that it could be about */
export function wishFor(command: CommandName, standing: Standing): Wanted | undefined {
  const { actor, token, credentials, random, text, sessions, messages, people } = standing
  const roomId = random.pick(standing.rooms)
  const invitedTo = standing.invited.filter(({ userId }) => userId === actor).map((invitation) => invitation.roomId)
  const as = (wish: Wish, session: string | undefined = token): Wanted => ({ wish, token: session })
  const key = random.chance(0.7) ? { key: `key-${text}` } : undefined
  switch (command) {
    case 'sendMessage':
      return as({
        asked: { command, actor, roomId, text, ...key },
        input: { conversationId: roomId, text, clientMessageId: key?.key },
      })
    case 'sendDM':
    case 'openDM': {
      const to = Array.from({ length: random.between(1, 2) }, () => random.pick(people))
      const subject = [...new Set([actor, ...to])].sort().join(',')
      return command === 'openDM'
        ? as({ asked: { command, actor, subject }, input: { to } })
        : as({
            asked: { command, actor, subject, text, ...key },
            input: { to, text, clientMessageId: key?.key },
          })
    }
    case 'editMessage':
    case 'deleteMessage':
    case 'markRead': {
      const own = messages.filter(({ author }) => author === actor || command === 'markRead')
      if (own.length === 0) return undefined
      const { id: subject, roomId: there } = random.pick(own)
      const edit = command === 'editMessage' ? { text } : undefined
      return as({ asked: { command, actor, roomId: there, subject, ...edit }, input: { messageId: subject, ...edit } })
    }
    case 'joinRoom': {
      const there = invitedTo.length > 0 && random.chance(0.5) ? random.pick(invitedTo) : roomId
      return as({ asked: { command, actor, roomId: there }, input: { roomId: there } })
    }
    case 'declineInvitation': {
      if (invitedTo.length === 0) return undefined
      const there = random.pick(invitedTo)
      return as({ asked: { command, actor, roomId: there }, input: { roomId: there } })
    }
    case 'leaveRoom':
    case 'archiveRoom':
    case 'unarchiveRoom':
      return as({ asked: { command, actor, roomId }, input: { roomId } })
    case 'updateRoom': {
      const [setting, change] = random.pick(changes(text))
      return as({ asked: { command, actor, roomId, text: setting }, input: { roomId, ...change } })
    }
    case 'inviteToRoom': {
      const subject = random.pick(people)
      return as({ asked: { command, actor, roomId, subject }, input: { roomId, userIds: [subject] } })
    }
    case 'setMemberRole': {
      const [subject, role] = [random.pick(people), random.pick(['OWNER', 'OWNER', 'MODERATOR', 'MEMBER'])]
      return as({ asked: { command, actor, roomId, subject, text: role }, input: { roomId, userId: subject, role } })
    }
    case 'removeMember': {
      const subject = random.pick(people)
      return as({ asked: { command, actor, roomId, subject }, input: { roomId, userId: subject } })
    }
    case 'createRoom': {
      const closed = { visibility: 'PRIVATE', historyVisibility: random.pick(['ALL', 'SINCE_JOINED']) }
      return as({
        asked: { command, actor, text, key: `key-${text}` },
        input: { name: text, idempotencyKey: `key-${text}`, ...(random.chance(0.5) ? closed : undefined) },
      })
    }
    case 'updateProfile':
      return as({ asked: { command, actor, text }, input: { displayName: text } })
    case 'setPresence': {
      const status = random.pick(['ONLINE', 'AWAY', 'BUSY'])
      return as({ asked: { command, actor, text }, input: { status, statusText: text } })
    }
    case 'register':
      return {
        wish: { asked: { command, actor: text, text }, input: { username: text, password: `correct horse ${text}` } },
        token: undefined,
      }
    case 'createGuest':
      return { wish: { asked: { command, actor: text, text }, input: { displayName: text } }, token: undefined }
    case 'claimGuest': {
      const guests = sessions.filter(({ kind }) => kind === 'GUEST')
      if (guests.length === 0) return undefined
      const { userId, token: theirs } = random.pick(guests)
      const input = { username: text, password: `correct horse ${text}` }
      return as({ asked: { command, actor: userId, text }, input }, theirs)
    }
    case 'login':
      return credentials && { wish: { asked: { command, actor }, input: { ...credentials } }, token: undefined }
    case 'logout': {
      const session = sessions[0]
      return session && as({ asked: { command, actor: session.userId } }, session.token)
    }
    case 'endSession': {
      const own = sessions.find(({ userId }) => userId === actor)
      if (!own) return undefined
      const [subject = ''] = own.token.split('.')
      return as({ asked: { command, actor, subject }, input: { sessionId: subject } })
    }
    case 'logoutEverywhere':
      return credentials && as({ asked: { command, actor } })
    case 'changePassword': {
      if (!credentials) return undefined
      const input = { currentPassword: credentials.password, newPassword: `battery ${text}` }
      return as({ asked: { command, actor }, input })
    }
    default:
      return command satisfies never
  }
}

/** What can be changed of a room: how it is written down, and the input. */
const changes = (text: string): readonly (readonly [string, Readonly<Record<string, unknown>>])[] => [
  [`topic=${text}`, { topic: text }],
  [`topic=${text}`, { topic: text }],
  [`slug=s${text}`, { slug: `s${text}` }],
  ['visibility=PRIVATE', { visibility: 'PRIVATE' }],
  // A public room shows its whole history.
  ['visibility=PUBLIC', { visibility: 'PUBLIC', historyVisibility: 'ALL' }],
  ['visibility=PUBLIC', { visibility: 'PUBLIC', historyVisibility: 'ALL' }],
  ['historyVisibility=SINCE_JOINED', { historyVisibility: 'SINCE_JOINED' }],
  ['historyVisibility=ALL', { historyVisibility: 'ALL' }],
  ['slowModeSeconds=1', { slowModeSeconds: 1 }],
  ['slowModeSeconds=0', { slowModeSeconds: 0 }],
  ['slowModeSeconds=0', { slowModeSeconds: 0 }],
]

/** Whether doing it again is doing it once. */
export function repeatable({ asked: { command, key } }: Wish): boolean {
  if (command === 'sendMessage' || command === 'sendDM') return key !== undefined
  return command !== 'createGuest' && command !== 'login' && command !== 'register'
}
