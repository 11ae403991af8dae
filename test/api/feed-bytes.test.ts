// The bytes of a shared frame are those that stock graphql-ws would have sent for the same event to this very subscriber, for random
// documents; and what differs between two viewers is never shared. Longer runs: FEED_DOCUMENTS=200.

import { execute, type FormattedExecutionResult, parse } from 'graphql'
import { MessageType, stringifyMessage } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Context, createContext } from '../../schema/context.ts'
import { schema } from '../../schema/schema.ts'
import { newUuid } from '../../src/commands/occasion.ts'
import { createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { type FeedDocument, randomFeedDocument } from '../support/randomDocument.ts'
import { startTestServer } from '../support/testServer.ts'

const seed = chosenSeed()
const documents = Number(process.env.FEED_DOCUMENTS ?? 40)

type Person = Awaited<ReturnType<typeof registered>>
let server: Awaited<ReturnType<typeof startTestServer>>
let ada: Person
let bob: Person
let room: string
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  bob = await guest(server.graphql, 'Bob "the 🫖"')
  room = (await createRoom(ada, 'Tea')).id
  await join(bob, room)
})
afterAll(() => server[Symbol.asyncDispose]())

interface Following {
  /** The messages of one subscription, as they came. */
  readonly heard: readonly string[]
  drop(): void
}

async function follow(person: Person, id: string, { query }: FeedDocument): Promise<Following> {
  const socket = new WebSocket(person.graphql.replace(/^http/, 'ws'), 'graphql-transport-ws')
  const heard: string[] = []
  const first = Promise.withResolvers<void>()
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${person.token}` } })),
  )
  socket.on('message', (data) => {
    const text = String(data)
    if (text.includes('"connection_ack"'))
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables: { id: room } } }))
    if (!text.includes(JSON.stringify(id))) return
    heard.push(text)
    first.resolve()
  })
  await first.promise
  return { heard, drop: () => socket.terminate() }
}

const subscriptions = schema.getSubscriptionType()?.getFields() ?? {}

interface Executed {
  readonly payload: Data
  readonly context: Context
}

/** What is executed of a document while something is done, but for frames without events. */
async function executedOf({ feed, query }: FeedDocument, work: () => Promise<unknown>): Promise<readonly Executed[]> {
  const field = subscriptions[feed]
  const resolve = field?.resolve
  if (!field || !resolve) throw new Error(`There is no ${feed}.`)
  const executed: Executed[] = []
  field.resolve = (payload, args, context, info) => {
    if (payload.events.length > 0 && info.operation.loc?.source.body === query) executed.push({ payload, context })
    return resolve(payload, args, context, info)
  }
  try {
    await work()
    return executed
  } finally {
    field.resolve = resolve
  }
}

/** What stock graphql-ws sends when a source gives this to a subscriber: an execution of its own, on their behalf. */
async function stock(
  person: Person,
  id: string,
  { query }: FeedDocument,
  { payload, context }: Executed,
): Promise<string> {
  const { app } = context
  const identity = await app.sessions.identify(person.token ?? '')
  if (!identity) throw new Error('The session is over.')
  const caller = { identity, address: '', connectionId: '', correlationId: newUuid() }
  const contextValue = createContext({ app, caller, frame: true, atLeast: payload.atLeast })
  const { made: _made, ...rootValue } = payload
  const result = await execute({
    schema,
    document: parse(query),
    rootValue,
    contextValue,
    variableValues: { id: room },
  })
  // Its errors are what graphql-ws turns into JSON too.
  return stringifyMessage({ id, type: MessageType.Next, payload: result as FormattedExecutionResult })
}

const ids = ['1', 'žluťoučký "🫖"'] as const

/** One change after the other, each told to both before the next. */
const changes: readonly (() => Promise<unknown>)[] = (() => {
  let message = ''
  return [
    async () => {
      message = (await send(ada, room, 'For @ada and "you" 🫖\n')).message.id
    },
    () => mutate(ada, 'editMessage', { messageId: message, text: 'ěšč' }),
    async () => join(await guest(server.graphql), room),
    () => mutate(ada, 'deleteMessage', { messageId: message }),
  ]
})()

/** @returns whether it is shared; undefined where it asks for too much */
async function compare(document: FeedDocument): Promise<boolean | undefined> {
  const people = [ada, bob]
  const followings = await Promise.all(people.map((person, index) => follow(person, ids[index] ?? '', document)))
  try {
    const [first, second] = followings.map(({ heard }) => JSON.parse(heard[0] ?? '{}'))
    if (first.type === 'error') {
      expect(first.payload[0].extensions.code, document.query).toBe('TOO_LARGE')
      return undefined
    }
    const said = first.payload.extensions.parley
    expect(second.payload.extensions.parley, document.query).toEqual(said)
    for (const [number, change] of changes.entries()) {
      const executed = await executedOf(document, async () => {
        await change()
        await expect
          .poll(() => followings.map(({ heard }) => heard.length), { message: document.query })
          .toEqual([number + 2, number + 2])
      })
      expect(executed, document.query).toHaveLength(said.shared ? 1 : 2)
      for (const [index, person] of people.entries()) {
        const own = executed.find(({ context }) => context.caller.identity?.userId === person.userId) ?? executed[0]
        if (!own) throw new Error('Nothing was executed.')
        const alone = await stock(person, ids[index] ?? '', document, own)
        expect(followings[index]?.heard.at(-1), document.query).toBe(alone)
      }
    }
    return said.shared
  } finally {
    for (const following of followings) following.drop()
  }
}

test(`SAME: ${documents} random documents, each byte as it would be sent to each alone (SEED=${seed})`, {
  timeout: 120_000,
}, async () => {
  const random = new Random(seed)
  let together = 0
  for (let number = 0; number < documents; ) {
    const isShared = await compare(randomFeedDocument(schema, random, { perViewer: random.chance(0.3) }))
    if (isShared) together++
    if (isShared !== undefined) number++
  }
  console.log(`${together} of ${documents} documents were shared`)
  expect(together).toBeGreaterThan(documents / 4)
})
