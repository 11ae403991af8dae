// Random lives of somebody's conversations, followed over connections that break and servers that are started anew.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ApiClient, type Data, registered } from '../support/client.ts'
import { InboxFollower } from '../support/inboxFollower.ts'
import { inboxViolations, positionOf } from '../support/inboxModel.ts'
import { loggedEvents } from '../support/loggedEvents.ts'
import { mutate } from '../support/mutate.ts'
import { logOf, type OpenServer, plantBan, plantUnban, startOpenServer } from '../support/openServer.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { newFolder } from '../support/testServer.ts'

/** Runs of the server on one folder, and what each of four people does in each. */
const lives = 3
const stepsEach = 45

type Person = ApiClient & { readonly userId: string }

interface Message {
  readonly id: string
  readonly author: string
}

/** What the people of the test know of each other's rooms. */
interface Town {
  readonly server: OpenServer
  readonly random: Random
  readonly viewer: string
  readonly rooms: string[]
  readonly directs: string[]
  readonly messages: Message[]
}

/** Plants or lifts a ban of the viewer, as moderators will. */
async function ban({ server, random, rooms, viewer }: Town): Promise<void> {
  const room = random.pick(rooms)
  let member = false
  let banned = false
  for (const { type, data } of await logOf(server, room)) {
    if (data.userId !== viewer) continue
    if (type === 'UserJoined') member = true
    if (type === 'UserLeft' || type === 'MemberRemoved' || type === 'MemberBanned') member = false
    if (type === 'MemberBanned') banned = true
    if (type === 'MemberUnbanned') banned = false
  }
  if (banned) await plantUnban(server, room, viewer)
  else if (random.chance(0.5)) await plantBan(server, room, viewer, member)
}

const others = {
  send: 40,
  sendDM: 4,
  edit: 12,
  delete: 6,
  topic: 4,
  join: 3,
  invite: 14,
  remove: 6,
  ban: 4,
  create: 1.5,
}
const viewers = { send: 20, sendDM: 3, edit: 4, join: 25, leave: 8, read: 12, decline: 2 }

/** What somebody does next. What is refused is refused: the log says what became of it. */
async function step(town: Town, person: Person, owner: Person): Promise<void> {
  const { random, rooms, directs, messages, viewer } = town
  const roomId = random.pick(rooms)
  const command = person.userId === viewer ? random.weighted(viewers) : random.weighted(others)
  const own = messages.filter(({ author }) => author === person.userId)
  const text = `text ${random.between(0, 1_000_000)}`
  const keep = ({ message, conversation, room }: Data) => {
    if (message) messages.push({ id: message.id, author: person.userId })
    if (conversation && !directs.includes(conversation.id)) directs.push(conversation.id)
    if (room) rooms.push(room.id)
  }
  switch (command) {
    case 'send':
      return keep(
        await mutate(
          person,
          'sendMessage',
          { conversationId: random.pick([...rooms, ...directs]), text },
          'message { id }',
        ),
      )
    case 'sendDM': {
      const to = random.chance(0.7) ? [viewer] : [viewer, owner.userId]
      return keep(await mutate(person, 'sendDM', { to, text }, 'message { id } conversation { id }'))
    }
    case 'edit':
    case 'delete': {
      if (own.length === 0) return
      const messageId = random.pick(own.slice(-30)).id
      if (command === 'edit') await mutate(person, 'editMessage', { messageId, text })
      else await mutate(person, 'deleteMessage', { messageId })
      return
    }
    case 'read':
      if (messages.length > 0) await mutate(person, 'markRead', { messageId: random.pick(messages.slice(-20)).id })
      return
    case 'topic':
      return void (await mutate(owner, 'updateRoom', { roomId, topic: text }))
    case 'join':
      return void (await mutate(person, 'joinRoom', { roomId }))
    case 'leave':
      return void (await mutate(person, 'leaveRoom', { roomId }))
    case 'decline':
      return void (await mutate(person, 'declineInvitation', { roomId }))
    case 'invite':
      return void (await mutate(owner, 'inviteToRoom', { roomId, userIds: [viewer] }))
    case 'remove':
      return void (await mutate(owner, 'removeMember', { roomId, userId: viewer }))
    case 'ban':
      return await ban(town)
    case 'create': {
      const closed = { visibility: 'PRIVATE', historyVisibility: random.pick(['ALL', 'SINCE_JOINED']) }
      const input = { name: text, ...(random.chance(0.7) ? closed : undefined) }
      return keep(await mutate(owner, 'createRoom', input, 'room { id }'))
    }
    default:
      command satisfies never
  }
}

test('RESUME SAME: an inbox read over broken connections and restarts is what the log says, each thing once', {
  timeout: 180_000,
}, async () => {
  const seed = chosenSeed()
  const random = new Random(seed)
  const folder = await newFolder()
  const beganAt = performance.now()
  let server = await startOpenServer({ folder })
  try {
    const names = ['olga', 'ada', 'bob', 'vera'] as const
    const made = await Promise.all(names.map((name) => registered(server.graphql, name)))
    const [owner, , , viewer] = made
    if (!owner || !viewer) throw new Error('Nobody was made.')
    const [rooms, directs, messages] = [[], [], []] as [string[], string[], Message[]]
    for (const name of ['Square', 'Market'])
      rooms.push((await mutate(owner, 'createRoom', { name }, 'room { id }')).room.id)
    for (const historyVisibility of ['ALL', 'ALL', 'SINCE_JOINED', 'SINCE_JOINED']) {
      const input = { name: `Closed ${rooms.length}`, visibility: 'PRIVATE', historyVisibility }
      const { room } = await mutate(owner, 'createRoom', input, 'room { id }')
      rooms.push(room.id)
      await mutate(owner, 'inviteToRoom', { roomId: room.id, userIds: made.slice(1).map(({ userId }) => userId) })
    }
    for (const person of made) for (const roomId of rooms) await mutate(person, 'joinRoom', { roomId })
    const { viewer: page } = await viewer.query('{ viewer { feedCursor } }')
    const start = positionOf(page.feedCursor)

    let running: OpenServer | undefined = server
    const where = () => running?.graphql
    const followers = (['MESSAGES', 'MESSAGES', 'EVERYTHING', 'EVERYTHING'] as const).map(
      (detail) =>
        new InboxFollower({ where, token: viewer.token, detail, random: random.fork(), after: page.feedCursor }),
    )
    const isLast = ({ message }: Data) => message?.text === 'the end'
    const following = Promise.all(followers.map((follower) => follower.follow(isLast)))
    following.catch(() => {})
    const turns = made.map(() => random.fork())
    for (let life = 1; life <= lives; life++) {
      const here = server
      const people = made.map(({ token, userId }) => Object.assign(new ApiClient(here.graphql, token), { userId }))
      const [boss] = people
      if (!boss) throw new Error('There is nobody.')
      await Promise.all(
        people.map(async (person, index) => {
          const town = { server: here, random: turns[index] ?? random, viewer: viewer.userId, rooms, directs, messages }
          for (let count = 0; count < stepsEach; count++) {
            await step(town, person, boss)
            await sleep(town.random.between(0, 12))
          }
        }),
      )
      if (life === lives) break
      running = undefined
      await server[Symbol.asyncDispose]()
      server = await startOpenServer({ folder })
      running = server
    }
    const last = new ApiClient(server.graphql, viewer.token)
    for (const follower of followers) follower.stop()
    await mutate(last, 'sendDM', { to: [viewer.userId], text: 'the end' })
    await following
    running = undefined
    await server[Symbol.asyncDispose]()
    const log = await loggedEvents(folder)
    console.log(
      `seed ${seed}: ${log.length} events; ${followers.map(({ told, connections }) => `${told.length} over ${connections} connections`).join(', ')}; ` +
        `${((performance.now() - beganAt) / 1_000).toFixed(1)} s`,
    )
    for (const { told, troubles, detail } of followers) {
      expect(troubles.filter((trouble) => !/1012|1006|4403|ECONNREFUSED|UNAVAILABLE/.test(trouble))).toEqual([])
      const options = { log, viewer: viewer.userId, detail, start }
      expect(inboxViolations(told, options).slice(0, 10)).toEqual([])
      // The judge notices what is missing, and what comes twice or in another order.
      const added = told.findIndex(({ __typename }) => __typename === 'ConversationAdded')
      for (const tampered of [told.toSpliced(added, 1), [...told, ...told.slice(-1)], told.toReversed()])
        expect(inboxViolations(tampered, options)).not.toEqual([])
    }
    const kinds = new Set(followers.flatMap(({ told }) => told.map(({ __typename }) => __typename)))
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        'MessageSent',
        'DMSent',
        'MessageEdited',
        'EventsSkipped',
        'ConversationAdded',
        'ConversationRemoved',
        'ReadMarkerAdvanced',
        'InvitationReceived',
      ]),
    )
  } catch (error) {
    console.log(`SEED=${seed} replays the choices.`)
    throw error
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})
