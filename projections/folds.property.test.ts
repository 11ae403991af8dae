// Over random histories the documents count what anyone would count.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ada, bob, dan, eve, general } from '../test/fixtures/people.ts'
import { folded } from '../test/support/folded.ts'
import { directBeginning, directed, eventful, played } from '../test/support/roomHistory.ts'
import { seeded } from '../test/support/seeded.ts'
import { bans } from './bans.ts'
import { directs } from './directs.ts'
import { memberships } from './memberships.ts'
import { mentions, wholeRoom } from './mentions.ts'
import { messages } from './messages.ts'
import { rooms } from './rooms.ts'
import { stays } from './stays.ts'

test('FOLD: over random histories the documents count what anyone would count', () => {
  fc.assert(
    fc.property(eventful(), (steps) => {
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
        visibility: state.visibility,
        historyVisibility: state.historyVisibility,
        slowModeSeconds: state.slowModeSeconds,
      })
      expect(folded(rooms, events).get(general)?.slug).toBe(state.slug)
      expect(new Set([...folded(bans, events).values()].map(({ userId }) => userId))).toEqual(new Set(state.bans))
      for (const { userId, stays: were } of folded(stays, events).values()) {
        // Only the last one can last: it is that of the member.
        expect(were.slice(0, -1).every(({ from, to }) => to !== undefined && to > from)).toBe(true)
        const last = were.at(-1)
        expect(last?.to === undefined ? last?.from : undefined).toBe(state.members.get(userId)?.since)
      }
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

test('FOLD: over random histories a direct conversation counts what anyone would count, and its people stay', () => {
  fc.assert(
    fc.property(directed(), (steps) => {
      const { conversationId, events, state } = played(steps, directBeginning)
      const document = folded(directs, events).get(conversationId)
      if (state.status === 'none') {
        expect(document).toBeUndefined()
        return
      }
      const sent = events.filter(({ type }) => type === 'DMSent')
      const participants = [...state.members.keys()].sort()
      expect(document).toMatchObject({ participants, lastNumber: sent.length, lastRevision: events.length - 1 })
      expect(folded(rooms, events).size).toBe(0)
      const members = [...folded(memberships, events).values()]
      expect(members.map(({ userId }) => userId).sort()).toEqual(participants)
      for (const { userId, joinedRevision, readNumber } of members) {
        expect(joinedRevision).toBe(0)
        const own = sent.filter(({ actor }) => actor === userId).map(({ data }) => ('number' in data ? data.number : 0))
        expect(readNumber).toBe(own.at(-1) ?? 0)
      }
      expect([...folded(stays, events).values()].map(({ stays: were }) => were)).toEqual(
        participants.map(() => [{ from: 0 }]),
      )
      // Only those who are in it are mentioned in it.
      for (const { target } of folded(mentions, events).values())
        expect([...participants, wholeRoom].includes(target)).toBe(true)
    }),
    seeded({ numRuns: 200 }),
  )
})
