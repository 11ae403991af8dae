// Accounts: making one, signing in and out, changing one's profile.

import type { AboutUser } from '../src/commands/accounts.ts'
import type { SignedIn, SignedOut } from '../src/commands/signing.ts'
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

const signedOutPayload = (name: string, description: string) =>
  builder.objectRef<SignedOut>(name).implement({
    description,
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      endedSessions: t.exposeInt('ended', { description: 'How many sessions that held were ended by this.' }),
    }),
  })
const LogoutPayload = signedOutPayload('LogoutPayload', 'Signed out.')
const ChangePasswordResult = resultType(
  'ChangePasswordResult',
  signedOutPayload('ChangePasswordPayload', 'The new password holds. This session goes on, all others have ended.'),
  ['ValidationError', 'UnauthenticatedError', 'RateLimitedError', 'UnavailableError'],
)
const LogoutResult = resultType('LogoutResult', LogoutPayload, [
  'NotFoundError',
  'RateLimitedError',
  'UnavailableError',
])

const aboutUserPayload = (name: string, description: string) =>
  builder.objectRef<AboutUser>(name).implement({
    description,
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      user: t.field({
        type: User,
        description: 'The account as it is now.',
        resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
      }),
    }),
  })
const UpdateProfileResult = resultType(
  'UpdateProfileResult',
  aboutUserPayload('UpdateProfilePayload', 'The profile is as it was asked for.'),
  ['ValidationError', 'NotFoundError', 'RateLimitedError', 'UnavailableError'],
)
const ClaimGuestResult = resultType(
  'ClaimGuestResult',
  aboutUserPayload('ClaimGuestPayload', 'The guest has a name and a password. Sessions and conversations go on.'),
  ['ValidationError', 'ForbiddenError', 'ConflictError', 'RateLimitedError', 'UnavailableError'],
)
const ClaimOwnerResult = resultType(
  'ClaimOwnerResult',
  signedInPayload('ClaimOwnerPayload', 'The server has an owner, who is signed in.'),
  ['ValidationError', 'UnauthenticatedError', 'ConflictError', 'RateLimitedError', 'UnavailableError'],
)

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
const ClaimGuestInput = builder.inputType('ClaimGuestInput', {
  description: 'What a guest is called from now on, and signs in with.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: '2 to 32 ASCII letters, digits, "_", "." and "-"; unique without regard to case.',
    }),
    password: t.string({ required: true, description: '8 to 128 characters; not one of those that are tried first.' }),
  }),
})
const ClaimOwnerInput = builder.inputType('ClaimOwnerInput', {
  description: "The owner's account.",
  fields: (t) => ({
    token: t.string({ required: true, description: 'The one-time token that the server showed when it was started.' }),
    username: t.string({
      required: true,
      description: '2 to 32 ASCII letters, digits, "_", "." and "-"; unique without regard to case.',
    }),
    password: t.string({ required: true, description: '8 to 128 characters; not one of those that are tried first.' }),
  }),
})
const EndSessionInput = builder.inputType('EndSessionInput', {
  description: 'Which session is to end.',
  fields: (t) => ({ sessionId: t.id({ required: true, description: "One of the viewer's own." }) }),
})
const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'The password that holds, and the one that shall.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'Checked as at login, and no faster.' }),
    newPassword: t.string({
      required: true,
      description: '8 to 128 characters; not one of those that are tried first, and not the current one.',
    }),
  }),
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
  run: (context, input) => attempt(context, () => context.app.commands.signing.login(originOf(context), input)),
})
mutation('createGuest', {
  type: CreateGuestResult,
  description:
    'An account with a generated name and no password, for quick access; an ordinary account later through claimGuest.',
  input: CreateGuestInput,
  inputIs: 'The guest.',
  run: (context, input) => attempt(context, () => context.app.commands.accounts.createGuest(originOf(context), input)),
})
mutation('claimGuest', {
  type: ClaimGuestResult,
  description: 'Makes the viewer, a guest, an ordinary account with a name of their choice and a password.',
  input: ClaimGuestInput,
  inputIs: 'Name and password.',
  run: (context, input) =>
    carryOut(context, () => context.app.commands.accounts.claimGuest(originOf(context), signedIn(context), input)),
})
mutation('claimOwner', {
  type: ClaimOwnerResult,
  description: 'Makes the first owner, with the one-time token that the server printed at its start.',
  input: ClaimOwnerInput,
  inputIs: 'The token, and the account.',
  run: (context, input) => attempt(context, () => context.app.commands.ownership.claim(originOf(context), input)),
})
mutation('endSession', {
  type: LogoutResult,
  description: "Ends one of the viewer's own sessions.",
  input: EndSessionInput,
  inputIs: 'The session.',
  run: (context, { sessionId }) =>
    carryOut(context, () =>
      context.app.commands.signing.endSession(signedIn(context).userId, sessionId, by(context).requester),
    ),
})
mutation('changePassword', {
  type: ChangePasswordResult,
  description: 'Ends all other sessions.',
  input: ChangePasswordInput,
  inputIs: 'The passwords.',
  run: (context, input) =>
    carryOut(context, () => context.app.commands.signing.changePassword(originOf(context), signedIn(context), input)),
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
      carryOut(context, () => context.app.commands.signing.logout(signedIn(context).id, by(context).requester)),
  }),
)
builder.mutationField('logoutEverywhere', (t) =>
  t.field({
    type: LogoutResult,
    description: 'Ends every session of the viewer, this one included.',
    resolve: (_, __, context) =>
      carryOut(context, () =>
        context.app.commands.signing.logoutEverywhere(signedIn(context).userId, by(context).requester),
      ),
  }),
)
