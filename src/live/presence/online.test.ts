// Everybody who is there, from the log and from the read model that it has left behind.

import { expect, test } from 'vitest'
import type { PresenceDocument } from '../../../projections/presence.ts'
import { presenceChanged, type Told, userDisabled, userEnabled } from '../../../test/fixtures/events.ts'
import { ada, bob, clock, eve } from '../../../test/fixtures/people.ts'
import { written } from '../../../test/support/node.ts'
import type { ParleyEvent } from '../../domain/events.ts'
import type { UserId } from '../../domain/ids.ts'
import { presenceStream, userStream } from '../../domain/streams.ts'
import type { Position } from '../../eventstore/port.ts'
import { OnlinePeople, type PresenceChange } from './online.ts'

const there = presenceChanged({ nodes: { one: [{ id: 'laptop', since: clock(1), away: false }] } })
const away = presenceChanged({ nodes: { one: [{ id: 'laptop', since: clock(1), away: true }] } })
const gone = presenceChanged({ lastSeenAt: clock(2) })

function listening() {
  const online = new OnlinePeople()
  const changes: PresenceChange[] = []
  online.onChange((change) => changes.push(change))
  let next = 1
  const happens = (stream: string, event: ParleyEvent & Told) => {
    const position = `${next++}`.padStart(8, '0') as Position
    online.deliver({ events: [{ ...written(event), stream, revision: next, position }], position, caughtUp: true })
  }
  return {
    online,
    said: () => changes.map(({ userId, before, after, onlineCount }) => [userId, before, after, onlineCount]),
    presence: (user: UserId, event: ParleyEvent & Told) => happens(presenceStream(user), event),
    account: (user: UserId, event: ParleyEvent & Told) => happens(userStream(user), event),
  }
}

/** The read model of presence, with these documents. */
const readModel = (documents: Readonly<Record<string, PresenceDocument>>) => ({
  // The only question that is asked of it.
  find: async () =>
    Object.entries(documents).map(([id, document]) => ({
      id,
      document,
      revision: 0,
      position: '' as Position,
    })) as never,
})

test('people come, change and go', () => {
  const { online, said, presence } = listening()
  presence(ada, there)
  presence(bob, there)
  presence(ada, away)
  presence(ada, away)
  presence(ada, gone)
  expect(said()).toEqual([
    [ada, 'OFFLINE', 'ONLINE', 1],
    [bob, 'OFFLINE', 'ONLINE', 2],
    [ada, 'ONLINE', 'AWAY', 2],
    [ada, 'AWAY', 'OFFLINE', 1],
  ])
  expect([[...online.ids()], online.size, online.has(ada), online.position]).toEqual([[bob], 1, false, '00000005'])
})

test('another status text is a change, of those who are not there too', () => {
  const { said, presence } = listening()
  presence(ada, { ...there, body: { statusText: 'Tea' } })
  presence(ada, { ...there, body: { statusText: 'Code' } })
  presence(bob, { ...gone, body: { statusText: 'Gone home' } })
  expect(said()).toHaveLength(3)
})

test('whoever is disabled is gone at once, and stays so whatever their devices are', () => {
  const { online, said, presence, account } = listening()
  presence(ada, there)
  account(ada, userDisabled)
  presence(ada, away)
  expect([said().at(1), online.size]).toEqual([[ada, 'ONLINE', 'OFFLINE', 0], 0])
  account(bob, userDisabled)
  presence(ada, gone)
  account(ada, userEnabled)
  presence(ada, there)
  expect(online.has(ada)).toBe(true)
})

test('what was heard meanwhile is newer than what is read at the start', async () => {
  const { online, presence } = listening()
  presence(ada, gone)
  presence(bob, away)
  await online.load(readModel({ [ada]: { status: 'ONLINE' }, [bob]: { status: 'ONLINE' }, [eve]: { status: 'BUSY' } }))
  expect([...online.ids()].sort()).toEqual([bob, eve])
})
