import { expect, test } from 'vitest'
import {
  allSessionsEnded,
  controls,
  guestClaimed,
  passwordChanged,
  sessionEnded,
  userDisabled,
} from '../../test/fixtures/events.ts'
import { ada, bob, laptop, phone } from '../../test/fixtures/people.ts'
import { written } from '../../test/support/node.ts'
import type { ParleyEvent } from '../domain/events.ts'
import { sessionStream, userStream } from '../domain/streams.ts'
import type { Position } from '../eventstore/port.ts'
import { SessionWatch } from './sessionWatch.ts'

const onLaptop = { id: laptop, userId: ada, userRevision: 0 }
const onPhone = { id: phone, userId: ada, userRevision: 0 }

/** A watch of both sessions, with what it has called back, and a way to let it hear. */
function watching() {
  const watch = new SessionWatch()
  const ended: string[] = []
  const watched = [onLaptop, onPhone].map((session) =>
    watch.watch(session, (position) => ended.push(`${session.id} ${position}`)),
  )
  let heard = 0
  const hear = (stream: string, event: ParleyEvent) => {
    const position = `${++heard}` as Position
    watch.deliver({ events: [{ ...written(event), stream, revision: heard, position }], position, caughtUp: true })
  }
  return { watch, ended, watched, hear }
}

test('REVOKE: the end of a session is told once, with its position; the other goes on', () => {
  const { watch, ended, hear } = watching()
  hear(sessionStream(laptop), sessionEnded)
  hear(sessionStream(laptop), sessionEnded)
  expect(ended).toEqual([`${laptop} 1`])
  expect([watch.hasEnded(onLaptop), watch.hasEnded(onPhone)]).toEqual([true, false])
})

test.each<[string, ParleyEvent, boolean]>([
  ['a changed password', passwordChanged(laptop), true],
  ['the end of all others', allSessionsEnded(laptop), true],
  ['a disabled account', userDisabled, false],
])('REVOKE: %s ends every session but the one that it keeps', (_, event, keepsLaptop) => {
  const { watch, ended, hear } = watching()
  hear(userStream(ada), event)
  expect(ended).toEqual(keepsLaptop ? [`${phone} 1`] : [`${laptop} 1`, `${phone} 1`])
  expect(watch.hasEnded(onLaptop)).toBe(!keepsLaptop)
  expect(watch.hasEnded({ ...onPhone, userRevision: 1 })).toBe(false)
})

test('a role is known as soon as it is heard of', () => {
  const { watch, hear } = watching()
  expect(watch.roleOf(ada)).toBeUndefined()
  hear(userStream(ada), guestClaimed())
  expect(watch.roleOf(ada)).toBe('MEMBER')
  hear(userStream(ada), controls.ServerRoleChanged)
  expect(watch.roleOf(ada)).toBe('MODERATOR')
  expect(watch.roleOf(bob)).toBeUndefined()
})

test('what happens to others, or ends nothing, tells nothing; nor does what is watched no more', () => {
  const { ended, watched, hear } = watching()
  hear(userStream(bob), userDisabled)
  hear(userStream(ada), controls.ProfileUpdated)
  hear(sessionStream(laptop), controls.SessionUsed)
  for (const one of watched) one[Symbol.dispose]()
  hear(userStream(ada), userDisabled)
  expect(ended).toEqual([])
})
