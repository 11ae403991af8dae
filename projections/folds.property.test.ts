// Over random histories the documents count what anyone would count.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ada, bob, dan, eve, general } from '../test/fixtures/people.ts'
import { folded } from '../test/support/folded.ts'
import { commanded, played } from '../test/support/roomHistory.ts'
import { seeded } from '../test/support/seeded.ts'
import { memberships } from './memberships.ts'
import { mentions } from './mentions.ts'
import { messages } from './messages.ts'
import { rooms } from './rooms.ts'

test('FOLD: over random histories the documents count what anyone would count', () => {
  fc.assert(
    fc.property(commanded(), (steps) => {
      const { events, state, facts } = played(steps)
      if (state.status === 'none' || state.kind !== 'ROOM') return
      const sent = events.filter(({ type }) => type === 'MessageSent')
      const members = folded(memberships, events)
      expect(folded(rooms, events).get(general)).toMatchObject({
        memberCount: state.members.size,
        lastNumber: sent.length,
        lastRevision: events.length - 1,
        name: state.name,
        archived: state.archived,
      })
      expect([...members.values()].map(({ userId }) => userId).sort()).toEqual([...state.members.keys()].sort())
      for (const { userId, role, joinedRevision } of members.values())
        expect(state.members.get(userId)).toMatchObject({ role, since: joinedRevision })
      const all = folded(messages, events)
      expect(all.size).toBe(sent.length)
      for (const [id, fact] of facts) {
        const document = all.get(id)
        expect({ text: document?.text, hash: document?.contentHash, bodies: document?.bodies }).toEqual({
          text: fact.text,
          hash: fact.contentHash,
          bodies: fact.bodies,
        })
        expect(document?.deletedAt !== undefined).toBe(fact.deleted)
      }
      const named = [ada, bob, eve, dan].map(
        (user) => sent.filter(({ data }) => 'mentions' in data && data.mentions?.includes(user)).length,
      )
      const targets = [...folded(mentions, events).values()].map(({ target }) => target)
      expect([ada, bob, eve, dan].map((user) => targets.filter((one) => one === user).length)).toEqual(named)
    }),
    seeded({ numRuns: 300 }),
  )
})
