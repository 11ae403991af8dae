// A person as the log knows them, for when the read models cannot be asked in time.

import { type UserDocument, users } from '../../projections/users.ts'
import type { Recorded } from '../domain/events.ts'
import type { UserId } from '../domain/ids.ts'
import { userStream } from '../domain/streams.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { EventStore } from '../eventstore/port.ts'

/** Folds the account's own stream, as the read model would; it is short. */
export async function personFromLog(store: EventStore, id: UserId): Promise<UserDocument | undefined> {
  let person: UserDocument | undefined
  for await (const page of store.readStream(userStream(id)))
    for (const stored of page) {
      const event = decode(stored)
      if (!isDecoded(event)) continue
      const folded = foldOf(event.type)?.(person, event, id)
      if (typeof folded === 'object') person = folded
    }
  return person
}

/** The fold of one type takes only events of that type, and it is looked up by the type. */
const foldOf = (type: Recorded['type']) =>
  users.evolve[type] as
    | ((person: UserDocument | undefined, event: Recorded, id: string) => UserDocument | symbol | undefined)
    | undefined
