import fc from 'fast-check'
import { expect, test } from 'vitest'
import { controls, guestCreated, userDisabled, userEnabled, userRegistered } from '../../test/fixtures/events.ts'
import { storiesOf } from '../../test/support/given.ts'
import { seeded } from '../../test/support/seeded.ts'
import type { Account } from './account.ts'
import * as account from './account.ts'
import { disable, enable, resetPassword, setServerRole } from './administration.ts'
import type { ServerRole } from './events.ts'

const given = storiesOf(account)
const registered = (role: Exclude<ServerRole, 'GUEST'>) => userRegistered('ada', role)

const acting = ['OWNER', 'ADMIN', 'MODERATOR', 'MEMBER', 'GUEST'] as const
const roles = ['OWNER', 'ADMIN', 'MODERATOR', 'MEMBER'] as const

/** Who may make whom what: the operator and owners everything, admins what is below them. */
const allowed = (actorRole: ServerRole | undefined, from: ServerRole, to: ServerRole = 'MEMBER'): boolean =>
  actorRole === undefined ||
  actorRole === 'OWNER' ||
  (actorRole === 'ADMIN' && [from, to].every((role) => role === 'MODERATOR' || role === 'MEMBER'))

test('every role is given by those who may, from every other', () => {
  for (const actorRole of [undefined, ...acting])
    for (const from of roles)
      for (const to of roles) {
        const outcome = given(registered(from)).when(setServerRole, { actorRole, role: to, lastOwner: false })
        if (!allowed(actorRole, from, to)) outcome.refused('FORBIDDEN')
        else if (from === to) outcome.nothing()
        else outcome.happened({ type: 'ServerRoleChanged', data: { role: to } })
      }
})

test('accounts are disabled and enabled by those who may', () => {
  for (const actorRole of [undefined, ...acting])
    for (const role of roles) {
      const disabling = given(registered(role)).when(disable, { actorRole, reason: 'Spam.', lastOwner: false })
      const enabling = given(registered(role), userDisabled).when(enable, { actorRole })
      if (allowed(actorRole, role)) {
        disabling.happened(userDisabled)
        enabling.happened(userEnabled)
      } else {
        disabling.refused('FORBIDDEN')
        enabling.refused('FORBIDDEN')
      }
    }
})

test('the last owner is neither demoted nor disabled', () => {
  given(registered('OWNER')).when(setServerRole, { role: 'ADMIN', lastOwner: true }).refused('CONFLICT')
  given(registered('OWNER')).when(disable, { lastOwner: true }).refused('CONFLICT')
  given(registered('OWNER')).when(setServerRole, { role: 'OWNER', lastOwner: true }).nothing()
})

test('a disabled account is not made an owner', () => {
  given(registered('MEMBER'), userDisabled).when(setServerRole, { role: 'OWNER', lastOwner: false }).refused('CONFLICT')
  given(registered('MEMBER'), userDisabled, userEnabled)
    .when(setServerRole, { role: 'OWNER', lastOwner: false })
    .happened({ type: 'ServerRoleChanged', data: { role: 'OWNER' } })
})

test('nobody is made a guest, and a guest is made nothing else', () => {
  given(registered('MEMBER')).when(setServerRole, { role: 'GUEST', lastOwner: false }).refused('BAD_INPUT', 'role')
  given(guestCreated()).when(setServerRole, { role: 'ADMIN', lastOwner: false }).refused('CONFLICT')
})

test('a reset password ends every session, and keeps none', () => {
  const { state } = given(registered('MEMBER'))
  const forgets = state.status === 'exists' && state.passwordEventId ? [state.passwordEventId] : []
  given(registered('MEMBER'))
    .when(resetPassword, { passwordHash: '$argon2id$second' })
    .happened({
      type: 'PasswordChanged',
      data: { forgets },
      body: { passwordHash: '$argon2id$second', displayName: 'Ada' },
    })
  given(guestCreated()).when(resetPassword, { passwordHash: '$argon2id$second' }).refused('CONFLICT')
})

test('what is not there is administered by nobody', () => {
  given().when(setServerRole, { role: 'ADMIN', lastOwner: false }).refused('NOT_FOUND')
  given().when(disable, { lastOwner: false }).refused('NOT_FOUND')
  given().when(enable, {}).refused('NOT_FOUND')
  given().when(resetPassword, { passwordHash: '$argon2id$second' }).refused('NOT_FOUND')
})

test('done twice, every command yields nothing the second time', () => {
  const events = fc.array(
    fc.constantFrom(
      registered('MEMBER'),
      registered('OWNER'),
      guestCreated(),
      userDisabled,
      userEnabled,
      controls.ServerRoleChanged,
    ),
    { maxLength: 8 },
  )
  const who = { actorRole: fc.constantFrom(undefined, ...acting), lastOwner: fc.boolean() }
  const asked = fc.oneof(
    fc
      .record({ ...who, role: fc.constantFrom(...acting) })
      .map((wanted) => (state: Account) => setServerRole(state, wanted)),
    fc.record(who).map((wanted) => (state: Account) => disable(state, wanted)),
    fc.record(who).map((wanted) => (state: Account) => enable(state, wanted)),
  )
  fc.assert(
    fc.property(events, asked, (told, command) => {
      const first = given(...told).when(command)
      if (first.decision.kind === 'refused') return
      const again = command(first.state)
      // Whoever gave away what was below them may not look again.
      if (again.kind === 'happened') expect(again.events).toEqual([])
      else expect(again.code).toBe('FORBIDDEN')
    }),
    seeded(),
  )
})
