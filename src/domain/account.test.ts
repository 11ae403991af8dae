import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  allSessionsEnded,
  controls,
  guestClaimed,
  guestCreated,
  passwordChanged,
  userDisabled,
  userEnabled,
  userRegistered,
} from '../../test/fixtures/events.ts'
import { laptop, phone } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { seeded } from '../../test/support/seeded.ts'
import * as account from './account.ts'
import {
  type Account,
  changePassword,
  claimGuest,
  createGuest,
  endAllSessions,
  register,
  updateProfile,
} from './account.ts'
import type { AccountEvent } from './events.ts'
import type { SessionId } from './ids.ts'
import { holds } from './validity.ts'

const given = storiesOf(account)

const registering = {
  username: 'ada',
  displayName: 'Ada',
  passwordHash: '$argon2id$first',
  serverRole: 'MEMBER',
} as const

test('an account is registered once', () => {
  given().when(register, registering).happened(userRegistered())
  given(userRegistered()).when(register, registering).nothing()
  given(userRegistered('bob')).when(register, registering).refused('CONFLICT')
})

test('a guest is made once', () => {
  const asked = { username: 'quiet-otter', displayName: 'Quiet Otter' }
  given().when(createGuest, asked).happened(guestCreated())
  given(guestCreated()).when(createGuest, asked).nothing()
  given(guestCreated('loud-otter')).when(createGuest, asked).refused('CONFLICT')
})

const session = { id: laptop, userRevision: 0 }
const claiming = { username: 'otto', passwordHash: '$argon2id$claimed', session }

test('a guest is claimed once, keeps the display name, and is an ordinary member then', () => {
  const claimed = given(guestCreated()).when(claimGuest, claiming)
  claimed.happened(guestClaimed())
  expect(claimed.state).toMatchObject({
    kind: 'HUMAN',
    username: 'otto',
    serverRole: 'MEMBER',
    displayName: 'Quiet Otter',
  })
  given(guestCreated(), guestClaimed()).when(claimGuest, claiming).nothing()
  given(guestCreated(), guestClaimed('eve')).when(claimGuest, claiming).refused('CONFLICT')
  given(userRegistered()).when(claimGuest, claiming).refused('CONFLICT')
  given().when(claimGuest, claiming).refused('FORBIDDEN')
})

test('only a session that holds claims a guest', () => {
  given(guestCreated(), allSessionsEnded()).when(claimGuest, claiming).refused('FORBIDDEN')
  given(guestCreated(), userDisabled)
    .when(claimGuest, { ...claiming, session: { id: laptop, userRevision: 1 } })
    .refused('FORBIDDEN')
})

test('whose name leads to somebody else by now may choose another one', () => {
  given(guestCreated(), guestClaimed('eve'))
    .when(claimGuest, { ...claiming, lostName: true })
    .happened(guestClaimed())
})

test('a password is changed by whoever has just proved the one before, and says which event held it', () => {
  const { state } = given(userRegistered())
  const verified = (state.status === 'exists' && state.passwordEventId) || 'none'
  const changing = { passwordHash: '$argon2id$second', verified, session }
  given(userRegistered())
    .when(changePassword, changing)
    .happened({
      type: 'PasswordChanged',
      data: { keptSessionId: laptop, forgets: [verified] },
      body: { passwordHash: '$argon2id$second', displayName: 'Ada' },
    })
  given(userRegistered(), passwordChanged(laptop)).when(changePassword, changing).refused('UNAUTHENTICATED')
  given(userRegistered(), allSessionsEnded()).when(changePassword, changing).refused('UNAUTHENTICATED')
  given(userRegistered(), userDisabled, userEnabled).when(changePassword, changing).refused('UNAUTHENTICATED')
  given().when(changePassword, changing).refused('UNAUTHENTICATED')
})

test('a display name outlives the event that said it first', () => {
  const { body: _forgotten, ...bare } = userRegistered()
  const later = { ...passwordChanged(), body: { passwordHash: '$argon2id$second', displayName: 'Ada' } }
  expect(given(bare, later).state).toMatchObject({ displayName: 'Ada' })
})

test('all sessions end as often as somebody asks', () => {
  given(userRegistered()).when(endAllSessions).happened(allSessionsEnded())
  given(userRegistered(), allSessionsEnded()).when(endAllSessions).happened(allSessionsEnded())
  given().when(endAllSessions).refused('NOT_FOUND')
})

test('a profile changes only where it differs', () => {
  given(userRegistered())
    .when(updateProfile, { displayName: 'Ada L.', bio: 'Counts.' })
    .happened(controls.ProfileUpdated)
  given(userRegistered())
    .when(updateProfile, { displayName: 'Ada', bio: 'Counts.' })
    .happened({ type: 'ProfileUpdated', data: { fields: ['bio'] }, body: { bio: 'Counts.' } })
  given(userRegistered()).when(updateProfile, { displayName: 'Ada', bio: null }).nothing()
  given(userRegistered()).when(updateProfile, {}).nothing()
  given().when(updateProfile, { bio: 'Counts.' }).refused('NOT_FOUND')
})

test('null brings the username back and clears the bio, once', () => {
  const asked = { displayName: null, bio: null }
  const cleared = given(userRegistered(), controls.ProfileUpdated).when(updateProfile, asked)
  cleared.happened({
    type: 'ProfileUpdated',
    data: { fields: ['displayName', 'bio'] },
    body: { displayName: 'ada', bio: null },
  })
  expect(updateProfile(cleared.state, asked)).toEqual({ kind: 'happened', events: [] })
})

test('a name that was forgotten can be given again', () => {
  const { body: _forgotten, ...bare } = userRegistered()
  given(bare)
    .when(updateProfile, { displayName: 'Ada' })
    .happened({
      type: 'ProfileUpdated',
      data: { fields: ['displayName'] },
      body: { displayName: 'Ada' },
    })
})

test('role and standing are those of the last word', () => {
  expect(given(userRegistered(), controls.ServerRoleChanged, userDisabled).state).toMatchObject({
    kind: 'HUMAN',
    serverRole: 'MODERATOR',
    disabled: true,
  })
  expect(given(guestCreated(), userDisabled, userEnabled).state).toMatchObject({
    kind: 'GUEST',
    serverRole: 'GUEST',
    disabled: false,
  })
})

// ── which sessions hold ──

const valid = (state: Account, session: { readonly id: SessionId; readonly userRevision: number }): boolean =>
  state.status === 'exists' && holds(state.validity, session)

test('REVOKE: a changed password ends every session but the one it keeps', () => {
  const { state } = given(userRegistered(), passwordChanged(laptop))
  expect(valid(state, { id: laptop, userRevision: 0 })).toBe(true)
  expect(valid(state, { id: phone, userRevision: 0 })).toBe(false)
  expect(valid(state, { id: phone, userRevision: 1 })).toBe(true)
})

test('REVOKE: with several in a row only the last one says who is kept', () => {
  const { state } = given(userRegistered(), passwordChanged(laptop), passwordChanged(phone))
  expect(valid(state, { id: laptop, userRevision: 0 })).toBe(false)
  expect(valid(state, { id: phone, userRevision: 1 })).toBe(true)
})

test('REVOKE: a disabled account keeps no session, and enabling it brings none back', () => {
  const { state } = given(userRegistered(), passwordChanged(laptop), userDisabled, userEnabled)
  expect(valid(state, { id: laptop, userRevision: 0 })).toBe(false)
  expect(valid(state, { id: laptop, userRevision: 1 })).toBe(false)
  expect(valid(state, { id: phone, userRevision: 2 })).toBe(true)
})

const anything: fc.Arbitrary<AccountEvent> = fc.oneof(
  fc.constantFrom<AccountEvent>(
    userRegistered(),
    userRegistered('bob'),
    guestCreated(),
    guestClaimed(),
    controls.ProfileUpdated,
    userDisabled,
    userEnabled,
    controls.ServerRoleChanged,
  ),
  fc.option(fc.constantFrom(laptop, phone), { nil: undefined }).map(passwordChanged),
  fc.option(fc.constantFrom(laptop, phone), { nil: undefined }).map(allSessionsEnded),
)

test('the fold takes any events in any order; a session holds exactly if nothing ended it since', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 20 }), fc.nat(20), (events, userRevision) => {
      const { state } = given(...events)
      if (state.status === 'none') return
      const made = events.findIndex(({ type }) => type === 'UserRegistered' || type === 'GuestCreated')
      const ends = events
        .map((event, revision) => ({ event, revision }))
        .filter(
          ({ event, revision }) =>
            revision > made && ['PasswordChanged', 'AllSessionsEnded', 'UserDisabled'].includes(event.type),
        )
      const last = ends.at(-1)
      const kept = last && 'keptSessionId' in last.event.data ? last.event.data.keptSessionId : undefined
      for (const id of [laptop, phone])
        expect(valid(state, { id, userRevision })).toBe(!last || userRevision >= last.revision || kept === id)
    }),
    seeded(),
  )
})

test('done twice, every command yields nothing the second time', () => {
  const name = fc.constantFrom('ada', 'bob', 'quiet-otter')
  const text = fc.option(fc.option(fc.constantFrom('ada', 'Ada', 'Ada L.', 'Counts.'), { nil: null }), {
    nil: undefined,
  })
  const asked = fc.oneof(
    name.map((username) => (state: Account) => register(state, { ...registering, username })),
    name.map((username) => (state: Account) => claimGuest(state, { ...claiming, username })),
    name.map((username) => (state: Account) => createGuest(state, { username, displayName: 'Ada' })),
    fc.record({ displayName: text, bio: text }).map((change) => (state: Account) => updateProfile(state, change)),
  )
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 12 }), asked, (events, command) => {
      const first = given(...events).when(command)
      if (first.decision.kind === 'refused') expect(command(first.state).kind).toBe('refused')
      else expect(command(first.state)).toEqual({ kind: 'happened', events: [] })
    }),
    seeded(),
  )
})
