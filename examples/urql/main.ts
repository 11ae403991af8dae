// Follows a room with urql. What is typed is sent. Whatever breaks, the feed goes on from where it was.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AnyVariables, Client, CombinedError, fetchExchange, gql, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import { pipe, toAsyncIterable } from 'wonka'

const url = new URL('/graphql', process.env.PARLEY_URL ?? 'http://127.0.0.1:4000').href
let token = process.env.PARLEY_TOKEN

/** Why it is over: a refusal has a message, a closed socket a reason. */
function wordsOf(error: unknown): string {
  if (!(error instanceof CombinedError)) return error instanceof Error ? error.message : String(error)
  const { graphQLErrors, networkError } = error
  if (networkError && 'reason' in networkError) return String(networkError.reason)
  if (networkError?.message === 'fetch failed') return `nobody answers. Is Parley running at ${url}?`
  return graphQLErrors[0]?.message ?? error.message
}

/** Ends the program with one sentence, whatever has been thrown. */
function end(error: unknown): never {
  console.error(`It is over: ${wordsOf(error)}`)
  process.exit(1)
}
process.on('uncaughtException', end)

const bearer = (): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {})
const socket = createClient({
  url: url.replace(/^http/, 'ws'),
  connectionParams: bearer,
  retryAttempts: 0, // It would come back with the cursor that it was first given.
})
const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: () => ({ headers: bearer() }),
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
})

interface Refusable {
  readonly detail?: string
}
interface Feed {
  readonly cursor: string
  readonly reset: { readonly reason: string } | null
  readonly events: readonly {
    readonly message?: { readonly text: string; readonly author: { readonly displayName: string } } | null
  }[]
}

const beGuest = gql<{ createGuest: Refusable & { token?: string } }, AnyVariables>`
  mutation {
    createGuest(input: {}) { ... on CreateGuestPayload { token } ... on Error { detail } }
  }
`
const findRoom = gql<{ room: { id: string; feedCursor: string } | null }, { slug: string }>`
  query ($slug: String!) { room(slug: $slug) { id feedCursor } }
`
const joinRoom = gql<{ joinRoom: Refusable }, { id: string }>`
  mutation ($id: ID!) { joinRoom(input: { roomId: $id }) { __typename ... on Error { detail } } }
`
const sendMessage = gql<{ sendMessage: Refusable }, { input: object }>`
  mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { detail } } }
`
const follow = gql<{ conversationFeed: Feed }, { id: string; after: string }>`
  subscription Follow($id: ID!, $after: FeedCursor) {
    conversationFeed(conversationId: $id, after: $after) {
      cursor
      reset { reason }
      events { __typename ... on MessageSent { message { id text author { id displayName } } } }
    }
  }
`

if (!token) {
  const { data, error } = await client.mutation(beGuest, {})
  if (error) throw error
  token = data?.createGuest.token
}
const slug = process.env.PARLEY_ROOM ?? 'general'
const { data: found, error: failed } = await client.query(findRoom, { slug })
if (!found?.room) throw failed ?? new Error(`There is no room "${slug}".`)
const { id, feedCursor } = found.room
const joined = await client.mutation(joinRoom, { id })
if (joined.error || joined.data?.joinRoom.detail) throw joined.error ?? new Error(joined.data?.joinRoom.detail)

// The cursor is kept where it survives this process.
const file = `${process.env.PARLEY_CURSORS ?? '.'}/${id}.cursor`
let after = existsSync(file) ? readFileSync(file, 'utf8') : feedCursor

function show({ cursor, reset, events }: Feed): void {
  // When a feed ends urql gives its last result once more.
  if (cursor === after) return
  if (reset) console.error(`The feed cannot be gone on with: ${reset.reason}. Read the room again.`)
  for (const { message } of events) if (message) console.log(`${message.author.displayName}: ${message.text}`)
  writeFileSync(file, cursor)
  after = cursor
}

/** Refused, or the session has ended: coming back would not help. */
function isOver({ graphQLErrors: [refusal], networkError }: CombinedError): boolean {
  if (refusal) return refusal.extensions.code !== 'UNAVAILABLE'
  return networkError !== undefined && 'code' in networkError && [4291, 4403].includes(Number(networkError.code))
}

async function followForEver(): Promise<never> {
  for (;;) {
    const frames = pipe(client.subscription(follow, { id, after }), toAsyncIterable)
    for await (const { data, error } of frames) {
      if (error && isOver(error)) throw error
      if (data) show(data.conversationFeed)
    }
    await sleep(100 + Math.random() * 900)
  }
}

async function sendWhatIsTyped(): Promise<void> {
  for await (const text of createInterface({ input: process.stdin })) {
    const input = { conversationId: id, text, clientMessageId: randomUUID() }
    const { data, error } = await client.mutation(sendMessage, { input })
    const refused = error?.message ?? data?.sendMessage.detail
    if (refused) console.error(`Not sent: ${refused}`)
  }
}

console.error(`Following ${url}. Type something.`)
await Promise.all([followForEver(), sendWhatIsTyped()])
