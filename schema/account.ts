// Accounts: making one, signing in and out, changing one's profile.

import type { SignedIn } from '../src/commands/accounts.ts'
import type { UserId } from '../src/domain/ids.ts'
import type { Position } from '../src/eventstore/port.ts'
import { builder } from './builder.ts'
import { attempt, carryOut, mutation, positionDescription } from './command.ts'
import { by, type Context, present, signedIn } from './context.ts'
import { resultType } from './errors.ts'
import { Session, User } from './user.ts'

const signedInPayload = (name: string, description: string) =>
  builder.objectRef<SignedIn>(name).implement({
    description,
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      token: t.exposeString('token', {
        description: 'Shown this once; send it as `Authorization: Bearer …`, or as `authorization` in connection_init.',
      }),
      user: t.field({
        type: User,
        description: 'Who is signed in now.',
        resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
      }),
      session: t.field({
        type: Session,
        description: 'The session that has begun.',
        resolve: ({ sessionId, startedAt, expiresAt, userAgent }) => ({
          id: sessionId,
          startedAt,
          lastUsedAt: startedAt,
          expiresAt,
          ...(userAgent === undefined ? undefined : { userAgent }),
          fresh: true,
        }),
      }),
    }),
  })

const RegisterResult = resultType(
  'RegisterResult',
  signedInPayload('RegisterPayload', 'An account was made, and is signed in.'),
  ['ValidationError', 'ForbiddenError', 'ConflictError', 'RateLimitedError', 'UnavailableError'],
)
const LoginResult = resultType('LoginResult', signedInPayload('LoginPayload', 'Signed in.'), [
  'ValidationError',
  'UnauthenticatedError',
  'RateLimitedError',
  'UnavailableError',
])
const CreateGuestResult = resultType(
  'CreateGuestResult',
  signedInPayload('CreateGuestPayload', 'A guest was made, and is signed in.'),
  ['ValidationError', 'ForbiddenError', 'RateLimitedError', 'UnavailableError'],
)

const LogoutPayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly ended: number }>('LogoutPayload')
  .implement({
    description: 'Signed out.',
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      endedSessions: t.exposeInt('ended', { description: 'How many sessions were ended by this.' }),
    }),
  })
const LogoutResult = resultType('LogoutResult', LogoutPayload, [
  'NotFoundError',
  'RateLimitedError',
  'UnavailableError',
])

const UpdateProfilePayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly userId: UserId }>('UpdateProfilePayload')
  .implement({
    description: 'The profile is as it was asked for.',
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      user: t.field({
        type: User,
        description: 'The account as it is now.',
        resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
      }),
    }),
  })
const UpdateProfileResult = resultType('UpdateProfileResult', UpdateProfilePayload, [
  'ValidationError',
  'NotFoundError',
  'RateLimitedError',
  'UnavailableError',
])

const RegisterInput = builder.inputType('RegisterInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: '2 to 32 ASCII letters, digits, "_", "." and "-"; unique without regard to case.',
    }),
    password: t.string({ required: true, description: '8 to 128 characters; not one of those that are tried first.' }),
    displayName: t.string({ description: '1 to 64 characters; the username where it is left out.' }),
  }),
})
const LoginInput = builder.inputType('LoginInput', {
  description: 'Credentials.',
  fields: (t) => ({
    username: t.string({ required: true, description: 'Upper and lower case are the same.' }),
    password: t.string({ required: true, description: 'The password of the account.' }),
  }),
})
const CreateGuestInput = builder.inputType('CreateGuestInput', {
  description: 'A guest.',
  fields: (t) => ({ displayName: t.string({ description: '1 to 64 characters; made up where it is left out.' }) }),
})
const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What is to change; null clears, leaving out keeps.',
  fields: (t) => ({
    displayName: t.string({ description: '1 to 64 characters; null goes back to the username.' }),
    bio: t.string({ description: 'At most 500 characters.' }),
  }),
})

const originOf = ({ caller: { address, userAgent, correlationId } }: Context) => ({ address, userAgent, correlationId })

mutation('register', {
  type: RegisterResult,
  description: 'Makes an account and signs it in.',
  input: RegisterInput,
  inputIs: 'The account.',
  run: (context, input) => attempt(context, () => context.app.commands.accounts.register(originOf(context), input)),
})
mutation('login', {
  type: LoginResult,
  description: 'Begins a session.',
  input: LoginInput,
  inputIs: 'The credentials.',
  run: (context, input) => attempt(context, () => context.app.commands.accounts.login(originOf(context), input)),
})
mutation('createGuest', {
  type: CreateGuestResult,
  description: 'An account with a generated name and no password, for quick access.',
  input: CreateGuestInput,
  inputIs: 'The guest.',
  run: (context, input) => attempt(context, () => context.app.commands.accounts.createGuest(originOf(context), input)),
})
mutation('updateProfile', {
  type: UpdateProfileResult,
  description: 'Changes what others see of the viewer.',
  input: UpdateProfileInput,
  inputIs: 'What is to change.',
  run: (context, input) => carryOut(context, () => context.app.commands.accounts.updateProfile(by(context), input)),
})

builder.mutationField('logout', (t) =>
  t.field({
    type: LogoutResult,
    description: 'Ends the session of this request.',
    resolve: (_, __, context) =>
      carryOut(context, () => context.app.commands.accounts.logout(signedIn(context).id, by(context).requester)),
  }),
)
