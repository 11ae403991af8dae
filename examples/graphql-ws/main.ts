// Follows a room with graphql-ws alone. What is typed is sent. Whatever breaks, the feed goes on from where it was.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type ExecutionResult } from 'graphql-ws'

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

interface Follow {
  readonly conversationFeed: {
    readonly cursor: string
    readonly reset: { readonly reason: string } | null
    readonly events: readonly {
      readonly message?: { readonly text: string; readonly author: { readonly displayName: string } } | null
    }[]
  }
}

const follow = `subscription Follow($id: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $id, after: $after) {
    cursor
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
  const { data, errors } = (await response.json()) as ExecutionResult<Record<string, T & { readonly detail?: string }>>
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
await ask('mutation ($id: ID!) { joinRoom(input: { roomId: $id }) { ... on Error { detail } __typename } }', { id })

// The cursor is kept where it survives this process.
const file = `${process.env.PARLEY_CURSORS ?? '.'}/${id}.cursor`
let after = existsSync(file) ? readFileSync(file, 'utf8') : feedCursor

function show({ cursor, reset, events }: Follow['conversationFeed']): void {
  if (reset) console.error(`The feed cannot be gone on with: ${reset.reason}. Read the room again.`)
  for (const { message } of events) if (message) console.log(`${message.author.displayName}: ${message.text}`)
  writeFileSync(file, cursor)
  after = cursor
}

/** Refused, or the session has ended: coming back would not help. A closed socket has a number as its code, a list is of refusals. */
function isOver(error: unknown): boolean {
  if (Array.isArray(error)) return error[0]?.extensions?.code !== 'UNAVAILABLE'
  return error instanceof Object && 'code' in error && (error.code === 4403 || error.code === 4291)
}

const client = createClient({
  url: url.replace(/^http/, 'ws'),
  connectionParams: { authorization: `Bearer ${token}` },
  retryAttempts: 0, // It would come back with the cursor that it was first given.
})

async function followForEver(): Promise<never> {
  for (;;) {
    try {
      const frames = client.iterate<Follow>({ query: follow, variables: { id, after } })
      for await (const { data } of frames) if (data) show(data.conversationFeed)
    } catch (error) {
      if (isOver(error)) throw error
    }
    await sleep(100 + Math.random() * 900)
  }
}

async function sendWhatIsTyped(): Promise<void> {
  const send = `mutation ($input: SendMessageInput!) {
    sendMessage(input: $input) { __typename ... on Error { detail } }
  }`
  for await (const text of createInterface({ input: process.stdin })) {
    const input = { conversationId: id, text, clientMessageId: randomUUID() }
    await ask(send, { input }).catch(({ message }) => console.error(`Not sent: ${message}`))
  }
}

console.error(`Following ${url}. Type something.`)
await Promise.all([followForEver().catch(end), sendWhatIsTyped()])
