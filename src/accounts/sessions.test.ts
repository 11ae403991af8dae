import { expect, test } from 'vitest'
import {
  allSessionsEnded,
  passwordChanged,
  sessionStarted,
  userDisabled,
  userRegistered,
} from '../../test/fixtures/events.ts'
import { ada, clock, laptop, phone } from '../../test/fixtures/people.ts'
import { Node, written } from '../../test/support/node.ts'
import type { ParleyEvent } from '../domain/events.ts'
import type { SessionId } from '../domain/ids.ts'
import { sessionStream, userStream } from '../domain/streams.ts'
import { Sessions } from './sessions.ts'
import { SessionWatch } from './sessionWatch.ts'
import { formatToken, hashToken } from './tokens.ts'

const secret = 's'.repeat(43)
const day = 86_400
const tokenOf = (id: SessionId) => formatToken(id, secret)

/** Ada with her laptop and her phone, signed in at midnight; sessions end 30 days after their last use. */
async function signedIn() {
  const node = await Node.open()
  await node.openModels()
  const watch = new SessionWatch()
  const sessions = new Sessions({
    commands: node.commands,
    models: node.projecting.readModels,
    watch,
    sessionDays: 30,
  })
  const append = (stream: string, event: ParleyEvent) =>
    node.log.append(stream, [written(event, node.clock.time)], 'any')
  await append(userStream(ada), userRegistered())
  for (const id of [laptop, phone])
    await append(sessionStream(id), sessionStarted(ada, { tokenHash: hashToken(secret) }))
  return {
    node,
    sessions,
    watch,
    append,
    at: (seconds: number) => {
      node.clock.time = Date.parse(clock(seconds))
    },
    /** Everything in the log has been heard by the watch, and is in the read models. */
    level: async () => {
      await node.follow(watch)
      await node.level()
    },
    used: async () =>
      (await Array.fromAsync(node.log.readStream(sessionStream(laptop))))
        .flat()
        .filter(({ type }) => type === 'SessionUsed').length,
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  }
}

const adas = { id: laptop, userId: ada, userRevision: 0, actor: { user: ada, serverRole: 'MEMBER' } }

test('a token is known from the log before the read models have it, and from them after', async () => {
  await using all = await signedIn()
  expect(await all.sessions.identify(tokenOf(laptop))).toMatchObject(adas)
  await all.level()
  const before = all.node.store.eventsRead
  expect(await all.sessions.identify(tokenOf(laptop))).toMatchObject(adas)
  expect(all.node.store.eventsRead).toBe(before)
})

test.each([false, true])('a wrong, malformed or unknown token is nobody’s (read models level: %s)', async (level) => {
  await using all = await signedIn()
  if (level) await all.level()
  const unknown = formatToken(laptop.replace(/.$/, '9') as SessionId, secret)
  for (const token of ['', laptop, secret, formatToken(laptop, 't'.repeat(43)), unknown])
    expect(await all.sessions.identify(token)).toBeUndefined()
})

test.each([false, true])(
  'REVOKE: an ended session is nobody’s; the other one holds (read models level: %s)',
  async (level) => {
    await using all = await signedIn()
    await all.append(sessionStream(laptop), { type: 'SessionEnded', data: {} })
    if (level) await all.level()
    expect(await all.sessions.identify(tokenOf(laptop))).toBeUndefined()
    expect(await all.sessions.identify(tokenOf(phone))).toMatchObject({ id: phone })
  },
)

test.each([false, true])(
  'REVOKE: a changed password keeps the session it names (read models level: %s)',
  async (level) => {
    await using all = await signedIn()
    await all.append(userStream(ada), passwordChanged(laptop))
    if (level) await all.level()
    expect(await all.sessions.identify(tokenOf(laptop))).toMatchObject(adas)
    expect(await all.sessions.identify(tokenOf(phone))).toBeUndefined()
  },
)

test.each([false, true])('REVOKE: a disabled account has no sessions (read models level: %s)', async (level) => {
  await using all = await signedIn()
  await all.append(userStream(ada), userDisabled)
  if (level) await all.level()
  expect(await all.sessions.identify(tokenOf(laptop))).toBeUndefined()
})

test('REVOKE: what the node has heard counts before the read models have it', async () => {
  await using all = await signedIn()
  await all.level()
  const identity = await all.sessions.identify(tokenOf(phone))
  if (!identity) throw new Error('The phone is signed in.')
  await all.node.unfollow()
  await all.append(userStream(ada), allSessionsEnded(laptop))
  expect(await all.sessions.stillHolds(identity)).toBe(true)
  for await (const events of all.node.log.readStream(userStream(ada)))
    all.watch.deliver({ events, position: await all.node.log.end(), caughtUp: true })
  expect(await all.sessions.stillHolds(identity)).toBe(false)
  expect(await all.sessions.identify(tokenOf(phone))).toBeUndefined()
  expect(await all.sessions.identify(tokenOf(laptop))).toMatchObject(adas)
})

test('a session ends 30 days after its last use', async () => {
  await using all = await signedIn()
  all.at(30 * day - 1)
  const identity = await all.sessions.identify(tokenOf(laptop))
  expect(identity?.deadline).toBe(Date.parse(clock(30 * day)))
  all.at(30 * day)
  expect(await all.sessions.identify(tokenOf(phone))).toBeUndefined()
  expect(identity && (await all.sessions.stillHolds(identity))).toBe(false)
})

test('used every day it ends after 360 days all the same', async () => {
  await using all = await signedIn()
  for (let days = 25; days < 360; days += 25) {
    all.at(days * day)
    expect(await all.sessions.identify(tokenOf(laptop))).toMatchObject(adas)
    await expect.poll(() => all.used(), { timeout: 20_000 }).toBe(days / 25)
  }
  all.at(360 * day)
  expect(await all.sessions.identify(tokenOf(laptop))).toBeUndefined()
  expect(all.sessions.lastMoment(Date.parse(clock(0)))).toBe(Date.parse(clock(360 * day)))
})

test('its use is noted at most once a day', async () => {
  await using all = await signedIn()
  all.at(day - 1)
  await all.sessions.identify(tokenOf(laptop))
  all.at(day)
  await Promise.all(Array.from({ length: 5 }, () => all.sessions.identify(tokenOf(laptop))))
  await expect.poll(() => all.used(), { timeout: 20_000 }).toBe(1)
  await all.sessions.identify(tokenOf(laptop))
  all.at(2 * day)
  await all.sessions.identify(tokenOf(laptop))
  await expect.poll(() => all.used(), { timeout: 20_000 }).toBe(2)
})
