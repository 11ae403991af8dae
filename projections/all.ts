// Every read model there is.

import { bans } from './bans.ts'
import { directs } from './directs.ts'
import { invitations } from './invitations.ts'
import { memberships } from './memberships.ts'
import { mentions } from './mentions.ts'
import { messages } from './messages.ts'
import { presence } from './presence.ts'
import type { Projection } from './projection.ts'
import { readMarkers } from './readMarkers.ts'
import { slugs, usernames } from './reservations.ts'
import { rooms } from './rooms.ts'
import { sessions } from './sessions.ts'
import { stays } from './stays.ts'
import { users } from './users.ts'

export const allProjections: readonly Projection[] = [
  rooms,
  directs,
  memberships,
  stays,
  bans,
  users,
  usernames,
  slugs,
  sessions,
  messages,
  mentions,
  readMarkers,
  invitations,
  presence,
]
