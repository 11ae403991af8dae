// Feeds of presence over one conversation, without a server: people come and go as the test says.

import { type RoomId, type UserId, userId } from '../../src/domain/ids.ts'
import { conversationStream, presenceStream } from '../../src/domain/streams.ts'
import type { Position } from '../../src/eventstore/port.ts'
import { OnlinePeople } from '../../src/live/presence/online.ts'
import { PresenceFeeds } from '../../src/live/presence/presenceFeeds.ts'
import { memberRemoved, presenceChanged, userJoined } from '../fixtures/events.ts'
import { clock, general } from '../fixtures/people.ts'
import { written } from './node.ts'

const person = (n: number): UserId => userId(`a0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`)
/** As many people, the same ones each time. */
export const crowd = (count: number): readonly UserId[] => Array.from({ length: count }, (_, n) => person(n))

/** Feeds of a conversation with these members, whose readers can lose the right to read. */
export function feeding(members: readonly UserId[]) {
  const online = new OnlinePeople()
  const inside = new Set(members)
  const there = new Set<UserId>()
  let revision = 0
  const state = {
    ends: [] as (() => void)[],
    held: 0,
    /** How often it was asked whether somebody is a member. */
    asked: 0,
  }
  const feeds = new PresenceFeeds({
    online,
    now: Date.now,
    live: {
      readers: async (_identity, conversation, onEnd) => {
        state.held++
        state.ends.push(onEnd)
        return {
          // Tests name rooms by their public ids.
          conversationId: conversation as RoomId,
          memberCount: inside.size,
          isMember: (user) => {
            state.asked++
            return inside.has(user)
          },
          members: () => inside.keys(),
          [Symbol.dispose]: () => void state.held--,
        }
      },
    },
  })
  const deliver = (stream: string, event: Parameters<typeof written>[0]) => {
    const position = `${++revision}`.padStart(8, '0') as Position
    const delivery = {
      events: [{ ...written(event), stream, revision, position }],
      position,
      caughtUp: true,
    }
    online.deliver(delivery)
    feeds.deliver(delivery)
  }
  const change = (user: UserId, comes: boolean) => {
    if (comes) there.add(user)
    else there.delete(user)
    const nodes = comes ? { one: [{ id: 'laptop', since: clock(1), away: false }] } : {}
    deliver(presenceStream(user), presenceChanged({ nodes }))
  }
  return {
    feeds,
    state,
    inside,
    /** Who is there now. */
    there,
    comes: (user: UserId) => change(user, true),
    goes: (user: UserId) => change(user, false),
    joins: (user: UserId) => {
      inside.add(user)
      deliver(conversationStream(general), userJoined(user))
    },
    leaves: (user: UserId) => {
      inside.delete(user)
      deliver(conversationStream(general), memberRemoved(user))
    },
  }
}
