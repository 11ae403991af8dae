// People: what others see of them, and until when their sessions hold.

import type { AccountEvent, Recorded, ServerRole } from '../src/domain/events.ts'
import { type DateTime, userId } from '../src/domain/ids.ts'
import { everyone, evolveValidity, type Validity } from '../src/domain/validity.ts'
import { projection } from './projection.ts'

export interface UserDocument {
  readonly username: string
  /** Lower case. */
  readonly usernameKey: string
  /** Absent once forgotten. */
  readonly displayName?: string
  /** The same in lower case, to be found by. */
  readonly displayNameKey?: string
  readonly bio?: string
  readonly kind: 'HUMAN' | 'GUEST'
  readonly serverRole: ServerRole
  readonly disabled: boolean
  readonly createdAt: DateTime
  readonly validity: Validity
}

const ofUser = (event: { readonly stream: string }) => userId(event.stream.slice('user-'.length))

const withValidity = (user: UserDocument | undefined, event: Recorded<AccountEvent>): UserDocument | undefined =>
  user && { ...user, validity: compact(evolveValidity(user.validity, event)) }

const named = (
  { displayName: _, displayNameKey: __, ...user }: UserDocument,
  displayName: string | undefined,
): UserDocument => ({
  ...user,
  ...(displayName === undefined ? undefined : { displayName, displayNameKey: displayName.toLowerCase() }),
})

/** Without what is undefined: documents are JSON. */
const compact = ({ after, kept }: Validity): Validity => (kept === undefined ? { after } : { after, kept })

export const users = projection<UserDocument>({
  name: 'users',
  version: 2,
  access: true,
  indexes: [{ usernameKey: 1 }, { displayNameKey: 1 }, { createdAt: 1 }],
  documentOf: {
    UserRegistered: ofUser,
    GuestCreated: ofUser,
    GuestClaimed: ofUser,
    ProfileUpdated: ofUser,
    ServerRoleChanged: ofUser,
    UserDisabled: ofUser,
    UserEnabled: ofUser,
    PasswordChanged: ofUser,
    AllSessionsEnded: ofUser,
  },
  evolve: {
    UserRegistered: (_, event) =>
      named(
        {
          username: event.data.username,
          usernameKey: event.data.username.toLowerCase(),
          kind: 'HUMAN',
          serverRole: event.data.serverRole,
          disabled: false,
          createdAt: event.occurredAt,
          validity: everyone,
        },
        event.body?.displayName,
      ),
    GuestCreated: (_, event) =>
      named(
        {
          username: event.data.username,
          usernameKey: event.data.username.toLowerCase(),
          kind: 'GUEST',
          serverRole: 'GUEST',
          disabled: false,
          createdAt: event.occurredAt,
          validity: everyone,
        },
        event.body?.displayName,
      ),
    ProfileUpdated: (user, { data, body }) => {
      if (!user) return undefined
      const { bio: bioBefore, ...rest } = user
      const displayName = data.fields.includes('displayName') ? body?.displayName : user.displayName
      const bio = data.fields.includes('bio') ? body?.bio : bioBefore
      return named({ ...rest, ...(typeof bio === 'string' ? { bio } : undefined) }, displayName)
    },
    ServerRoleChanged: (user, event) => user && { ...user, serverRole: event.data.role },
    UserDisabled: (user, event) => withValidity(user && { ...user, disabled: true }, event),
    UserEnabled: (user) => user && { ...user, disabled: false },
    GuestClaimed: (user, event) =>
      user && {
        ...named(user, event.body?.displayName),
        username: event.data.username,
        usernameKey: event.data.username.toLowerCase(),
        kind: 'HUMAN',
        serverRole: event.data.serverRole,
      },
    // The name is said again, since the event that said it before is forgotten.
    PasswordChanged: (user, event) =>
      withValidity(user && named(user, event.body?.displayName ?? user.displayName), event),
    AllSessionsEnded: withValidity,
  },
})
