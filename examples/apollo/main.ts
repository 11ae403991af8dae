// Follows a room with Apollo Client. What is typed is sent. Whatever breaks, the feed goes on from where it was.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  type TypedDocumentNode,
} from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import { defer, repeat, tap, timer } from 'rxjs'

const url = new URL('/graphql', process.env.PARLEY_URL ?? 'http://127.0.0.1:4000').href
let token = process.env.PARLEY_TOKEN

/** Why it is over. A lost server is a failed fetch. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === 'fetch failed' ? `nobody answers. Is Parley running at ${url}?` : error.message
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
const http = new ApolloLink((operation, forward) => {
  operation.setContext({ headers: bearer() })
  return forward(operation)
}).concat(new HttpLink({ uri: url }))
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    http,
  ),
  cache: new InMemoryCache(),
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

const beGuest: TypedDocumentNode<{ createGuest: Refusable & { token?: string } }> = gql`
  mutation {
    createGuest(input: {}) { ... on CreateGuestPayload { token } ... on Error { detail } }
  }
`
const findRoom: TypedDocumentNode<{ room: { id: string; feedCursor: string } | null }, { slug: string }> = gql`
  query ($slug: String!) { room(slug: $slug) { id feedCursor } }
`
const joinRoom: TypedDocumentNode<{ joinRoom: Refusable }, { id: string }> = gql`
  mutation ($id: ID!) { joinRoom(input: { roomId: $id }) { __typename ... on Error { detail } } }
`
const sendMessage: TypedDocumentNode<{ sendMessage: Refusable }, { input: object }> = gql`
  mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { detail } } }
`
const follow: TypedDocumentNode<{ conversationFeed: Feed }, { id: string; after: string }> = gql`
  subscription Follow($id: ID!, $after: FeedCursor) {
    conversationFeed(conversationId: $id, after: $after) {
      cursor
      reset { reason }
      events { ... on MessageSent { message { id text author { id displayName } } } }
    }
  }
`

token ??= (await client.mutate({ mutation: beGuest })).data?.createGuest.token
const slug = process.env.PARLEY_ROOM ?? 'general'
const room = (await client.query({ query: findRoom, variables: { slug } })).data?.room
if (!room) throw new Error(`There is no room "${slug}".`)
const { id, feedCursor } = room
const joined = await client.mutate({ mutation: joinRoom, variables: { id } })
if (joined.data?.joinRoom.detail) throw new Error(joined.data.joinRoom.detail)

// The cursor is kept where it survives this process.
const file = `${process.env.PARLEY_CURSORS ?? '.'}/${id}.cursor`
let after = existsSync(file) ? readFileSync(file, 'utf8') : feedCursor

function show({ cursor, reset, events }: Feed): void {
  if (reset) console.error(`The feed cannot be gone on with: ${reset.reason}. Read the room again.`)
  for (const { message } of events) if (message) console.log(`${message.author.displayName}: ${message.text}`)
  writeFileSync(file, cursor)
  after = cursor
}

/** Refused, or the session has ended: coming back would not help. Apollo has only words for how a socket was closed. */
function isOver(error: unknown): boolean {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.extensions?.code !== 'UNAVAILABLE'
  return error instanceof Error && /^Socket closed with event (4291|4403)/.test(error.message)
}

// Each time it is subscribed to, `defer` takes the newest cursor; `repeat` subscribes again whenever a feed has ended.
const feed = defer(() => client.subscribe({ query: follow, variables: { id, after } })).pipe(
  tap(({ data, error }) => {
    if (isOver(error)) throw error
    if (data) show(data.conversationFeed)
  }),
  repeat({ delay: () => timer(100 + Math.random() * 900) }),
)
feed.subscribe({ error: end })

console.error(`Following ${url}. Type something.`)
for await (const text of createInterface({ input: process.stdin })) {
  const input = { conversationId: id, text, clientMessageId: randomUUID() }
  await client
    .mutate({ mutation: sendMessage, variables: { input } })
    .then(({ data }) => data?.sendMessage.detail && console.error(`Not sent: ${data.sendMessage.detail}`))
    .catch(({ message }) => console.error(`Not sent: ${message}`))
}
