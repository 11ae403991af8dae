import { expect, test } from 'vitest'
import { presenceChanged } from '../../test/fixtures/events.ts'
import { clock } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { type Device, empty, evolve, initial, type Presence, report, setStatus, statusOf } from './presence.ts'

const given = storiesOf({ initial, evolve })

const node = '80000000-0000-4000-8000-000000000001'
const other = '80000000-0000-4000-8000-000000000002'
const device = (id: string, { since = 1, away = false } = {}): Device => ({ id, since: clock(since), away })
const laptop = device('laptop')
const phone = device('phone', { since: 2 })
const there = (...devices: readonly Device[]) => presenceChanged({ nodes: { [node]: devices } })
const sees = (...devices: readonly Device[]) => ({ node, devices, at: clock(9) })

test('the first device is a transition', () => given().when(report, sees(laptop)).happened(there(laptop)))

test('a second device, another one instead, and one of two that goes, are none', () => {
  given(there(laptop)).when(report, sees(laptop, phone)).nothing()
  given(there(laptop)).when(report, sees(phone)).nothing()
  given(there(laptop, phone)).when(report, sees(phone)).nothing()
})

test('with the last device somebody goes, and was seen then', () =>
  given(there(laptop))
    .when(report, sees())
    .happened(presenceChanged({ lastSeenAt: clock(9) })))

test('whoever comes back is no longer seen last', () =>
  given(presenceChanged({ lastSeenAt: clock(0) }))
    .when(report, sees(laptop))
    .happened(there(laptop)))

test('somebody is away when all devices are, and back with the first that is used', () => {
  const [quiet, asleep] = [device('laptop', { away: true }), device('phone', { away: true })]
  given(there(laptop)).when(report, sees(quiet, phone)).nothing()
  given(there(laptop)).when(report, sees(quiet, asleep)).happened(there(quiet, asleep))
  given(there(quiet, asleep)).when(report, sees(quiet, asleep)).nothing()
  given(there(quiet, asleep)).when(report, sees(quiet, phone)).happened(there(phone, quiet))
})

test('each node tells of its own devices, and with the last of all somebody goes', () => {
  const both = presenceChanged({ nodes: { [node]: [laptop], [other]: [phone] } })
  given(both)
    .when(report, sees())
    .happened(presenceChanged({ nodes: { [other]: [phone] } }))
  given(presenceChanged({ nodes: { [other]: [phone] } }))
    .when(report, { node: other, devices: [], at: clock(7) })
    .happened(presenceChanged({ lastSeenAt: clock(7) }))
})

test('nobody was seen last before they came', () =>
  given(there(phone))
    .when(report, { node, devices: [], at: clock(0) })
    .happened(presenceChanged({ lastSeenAt: clock(2) })))

test('of many devices the first twenty are named, those in use before the others', () => {
  const many = Array.from({ length: 30 }, (_, n) => device(`device ${n}`, { away: n < 25 }))
  const { state } = given().when(report, sees(...many))
  expect(state.nodes[node]?.map(({ away }) => away)).toEqual(Array.from({ length: 20 }, (_, n) => n >= 5))
})

test('the devices of a node that is gone go with it', () => {
  const gone = { gone: new Set([node]), at: clock(9) }
  given(there(laptop))
    .when(empty, gone)
    .happened(presenceChanged({ lastSeenAt: clock(9) }))
  given(presenceChanged({ nodes: { [other]: [phone] } }))
    .when(empty, gone)
    .nothing()
})

test('a status set by hand stays until it is cleared, with its text', () => {
  const busy = { status: 'BUSY', statusText: 'In a meeting', now: clock(5) } as const
  const set = presenceChanged({ status: 'BUSY', statusSince: clock(5) }, 'In a meeting')
  given().when(setStatus, busy).happened(set)
  given(set)
    .when(setStatus, { ...busy, now: clock(6) })
    .nothing()
  given(set)
    .when(setStatus, { status: undefined, statusText: undefined, now: clock(6) })
    .nothing()
  given(set)
    .when(setStatus, { status: 'AWAY', statusText: undefined, now: clock(6) })
    .happened(presenceChanged({ status: 'AWAY', statusSince: clock(6) }, 'In a meeting'))
  given(set)
    .when(setStatus, { status: null, statusText: undefined, now: clock(6) })
    .happened(presenceChanged({}, 'In a meeting'))
  given(set)
    .when(setStatus, { status: undefined, statusText: null, now: clock(6) })
    .happened(presenceChanged({ status: 'BUSY', statusSince: clock(5) }))
})

test('devices that come and go leave what was set by hand', () => {
  const set = { status: 'BUSY', statusSince: clock(5) } as const
  given(presenceChanged(set, 'Away for tea'))
    .when(report, sees(laptop))
    .happened(presenceChanged({ ...set, nodes: { [node]: [laptop] } }, 'Away for tea'))
})

test('a status text that was forgotten is none', () => {
  const { body: _forgotten, ...bare } = presenceChanged({ status: 'BUSY', statusSince: clock(5) }, 'secret')
  expect(given(bare).state).toEqual({ nodes: {}, chosen: { status: 'BUSY', since: clock(5) } })
})

const away = device('laptop', { away: true })
const busy = { status: 'BUSY', since: clock(1) } as const
test.each<[string, Presence, ReturnType<typeof statusOf>]>([
  ['nobody is there', { nodes: {} }, 'OFFLINE'],
  ['nobody is there, whatever was set', { nodes: {}, chosen: busy }, 'OFFLINE'],
  ['a device is used', { nodes: { [node]: [laptop] } }, 'ONLINE'],
  ['one of two is used', { nodes: { [node]: [away], [other]: [phone] } }, 'ONLINE'],
  ['none is used', { nodes: { [node]: [away], [other]: [away] } }, 'AWAY'],
  ['what was set wins', { nodes: { [node]: [away] }, chosen: busy }, 'BUSY'],
])('%s', (_, presence, status) => expect(statusOf(presence)).toBe(status))
