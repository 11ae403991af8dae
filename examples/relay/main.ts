// Follows a room with Relay. What is typed is sent. Whatever breaks, the feed goes on from where it was: network.ts says how.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import relay from 'relay-runtime'
import { type Feed, type Follow, follow } from './follow.ts'
import { createNetwork } from './network.ts'

const { Environment, RecordSource, requestSubscription, Store } = relay

const url = new URL('/graphql', process.env.PARLEY_URL ?? 'http://127.0.0.1:4000').href
let token = process.env.PARLEY_TOKEN

/** Why it is over: a refusal is a list of errors, a closed socket has a reason. */
function wordsOf(error: unknown): string {
  const [cause] = Array.isArray(error) ? error : [error]
  if (cause instanceof Object && 'reason' in cause) return String(cause.reason)
  return cause instanceof Object && 'message' in cause ? String(cause.message) : String(cause)
}

/** Ends the program with one sentence, whatever has been thrown. */
function end(error: unknown): never {
  console.error(`It is over: ${wordsOf(error)}`)
  process.exit(1)
}
process.on('uncaughtException', end)

const { network, post } = createNetwork({ url, token: () => token })
const environment = new Environment({ network, store: new Store(new RecordSource()) })

/** Queries and mutations, past Relay: with the compiler they are `fetchQuery` and `commitMutation`. @throws Error where it is refused */
async function ask<T>(text: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
  const params = { id: null, cacheID: text, name: 'Ask', operationKind: 'query', metadata: {}, text } as const
  const answered = await post(params, variables, {})
  // What comes is what the document asks for.
  const { data, errors } = answered as {
    readonly data?: Readonly<Record<string, T & { readonly detail?: string }>> | null
    readonly errors?: readonly { readonly message: string }[]
  }
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

// The cursor is kept where it survives this process.
const file = `${process.env.PARLEY_CURSORS ?? '.'}/${id}.cursor`
const after = existsSync(file) ? readFileSync(file, 'utf8') : feedCursor

function show({ cursor, reset, events }: Feed): void {
  if (reset) console.error(`The feed cannot be gone on with: ${reset.reason}. Read the room again.`)
  for (const { message } of events) if (message) console.log(`${message.author.displayName}: ${message.text}`)
  writeFileSync(file, cursor)
}

requestSubscription<Follow>(environment, {
  subscription: follow,
  variables: { id, after },
  onNext: (frame) => frame && show(frame.conversationFeed),
  onError: end,
})

console.error(`Following ${url}. Type something.`)
const send =
  'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { detail } } }'
for await (const text of createInterface({ input: process.stdin })) {
  const input = { conversationId: id, text, clientMessageId: randomUUID() }
  await ask(send, { input }).catch(({ message }) => console.error(`Not sent: ${message}`))
}
