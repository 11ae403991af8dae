// Follows a room with a plain EventSource. What is typed is sent. When the connection is lost the EventSource comes back by itself, to
// where it was: the id of each event is the feed's cursor, and the server takes the last one for `after`.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const url = new URL('/graphql', process.env.PARLEY_URL ?? 'http://127.0.0.1:4000').href
let token = process.env.PARLEY_TOKEN

// Whatever is thrown ends the program with one sentence.
process.on('uncaughtException', ({ message }) => {
  console.error(`It is over: ${message}`)
  process.exit(1)
})

interface Follow {
  readonly conversationFeed: {
    readonly reset: { readonly reason: string } | null
    readonly events: readonly {
      readonly message?: { readonly text: string; readonly author: { readonly displayName: string } } | null
    }[]
  }
}

interface Answer<T> {
  readonly data?: T | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

// It asks for no cursor: that comes as the id.
const follow = `subscription Follow($id: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $id, after: $after) {
    reset { reason }
    events { __typename ... on MessageSent { message { id text author { id displayName } } } }
  }
}`

/** Of one field, which is all that the documents here ask for. @throws Error where it is refused */
async function ask<T>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) }).catch(
    () => {
      throw new Error(`nobody answers. Is Parley running at ${url}?`)
    },
  )
  // What comes is what the document asks for.
  const { data, errors } = (await response.json()) as Answer<Record<string, T & { readonly detail?: string }>>
  const [answer] = Object.values(data ?? {})
  if (errors || !answer || answer.detail) throw new Error(errors?.[0]?.message ?? answer?.detail ?? 'There is nothing.')
  return answer
}

token ??= (
  await ask<{ token: string }>(
    'mutation { createGuest(input: {}) { ... on CreateGuestPayload { token } ... on Error { detail } } }',
  )
).token
const { id, feedCursor } = await ask<{ id: string; feedCursor: string }>(
  'query ($slug: String!) { room(slug: $slug) { id feedCursor } }',
  { slug: process.env.PARLEY_ROOM ?? 'general' },
)
await ask('mutation ($id: ID!) { joinRoom(input: { roomId: $id }) { __typename ... on Error { detail } } }', { id })

// The cursor is kept where it survives this process: only for its next start, the EventSource keeps its own.
const file = `${process.env.PARLEY_CURSORS ?? '.'}/${id}.cursor`
let after = existsSync(file) ? readFileSync(file, 'utf8') : feedCursor

function show({ data, errors }: Answer<Follow>): void {
  // After UNAVAILABLE the feed is opened again, as after every `complete`.
  if (errors?.[0] && errors[0].extensions?.code !== 'UNAVAILABLE') throw new Error(errors[0].message)
  if (!data) return
  const { reset, events } = data.conversationFeed
  if (reset) console.error(`The feed cannot be gone on with: ${reset.reason}. Read the room again.`)
  for (const { message } of events) if (message) console.log(`${message.author.displayName}: ${message.text}`)
}

function addressOfFeed(): URL {
  const address = new URL(url)
  address.searchParams.set('query', follow)
  address.searchParams.set('variables', JSON.stringify({ id, after }))
  // An EventSource can send no headers: the token is in the address, which logs of proxies may keep.
  address.searchParams.set('extensions', JSON.stringify({ headers: { authorization: `Bearer ${token}` } }))
  return address
}

function open(): void {
  const source = new EventSource(addressOfFeed())
  const comeBackLater = (): void => {
    source.close()
    setTimeout(open, 100 + Math.random() * 900)
  }
  source.addEventListener('next', ({ data, lastEventId }) => {
    show(JSON.parse(data))
    after = lastEventId
    writeFileSync(file, after)
  })
  // It would come back for ever; after a refusal `show` has thrown.
  source.addEventListener('complete', comeBackLater)
  source.addEventListener('error', () => {
    // Lost connections it makes good by itself. An answer that is no stream ends it: 503 while the server starts, for instance.
    if (source.readyState === EventSource.CLOSED) comeBackLater()
  })
}
open()

console.error(`Following ${url}. Type something.`)
const send =
  'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { detail } } }'
for await (const text of createInterface({ input: process.stdin })) {
  const input = { conversationId: id, text, clientMessageId: randomUUID() }
  await ask(send, { input }).catch(({ message }) => console.error(`Not sent: ${message}`))
}
