// Which account a username leads to, and which room a slug.

import type { RoomId, UserId } from '../src/domain/ids.ts'
import { projection, removed } from './projection.ts'

export interface UsernameDocument {
  readonly userId: UserId
}

/** By username in lower case. */
export const usernames = projection<UsernameDocument>({
  name: 'usernames',
  version: 1,
  access: true,
  indexes: [],
  documentOf: {
    UsernameClaimed: (event) => event.stream.slice('username-'.length),
    UsernameReleased: (event) => event.stream.slice('username-'.length),
  },
  evolve: {
    UsernameClaimed: (_, event) => ({ userId: event.data.userId }),
    UsernameReleased: () => removed,
  },
})

export interface SlugDocument {
  readonly roomId: RoomId
}

/** By slug. */
export const slugs = projection<SlugDocument>({
  name: 'slugs',
  version: 1,
  access: true,
  indexes: [],
  documentOf: {
    SlugClaimed: (event) => event.stream.slice('roomslug-'.length),
    SlugReleased: (event) => event.stream.slice('roomslug-'.length),
  },
  evolve: {
    SlugClaimed: (_, event) => ({ roomId: event.data.roomId }),
    SlugReleased: () => removed,
  },
})
