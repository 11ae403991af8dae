// A storm over one conversation: its place made over the API, its load started, and what came of it compared with the log.

import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ApiClient, createRoom, type Data, guest, registered } from '../client.ts'
import type { StormOutcome, StormPlan } from './stormPlan.ts'

/** A guest may have 50 connections. */
const readersOfGuest = 25

export type StormGround = Pick<StormPlan, 'conversationId' | 'after' | 'tokens' | 'sender'> & {
  readonly owner: ApiClient
}

/** A public room, its owner, and guests for so many readers. */
export async function stormGround(graphql: string, readers: number): Promise<StormGround> {
  const owner = await registered(graphql, 'owner')
  const { id } = await createRoom(owner, 'Storm')
  const tokens: string[] = []
  for (let count = 0; count < readers; count += readersOfGuest) tokens.push((await guest(graphql)).token ?? '')
  const { room } = await owner.query('query ($id: ID) { room(id: $id) { feedCursor revision } }', { id })
  return {
    owner,
    conversationId: id,
    tokens,
    sender: owner.token ?? '',
    // The room counts its changes from 1.
    after: { cursor: room.feedCursor, revision: room.revision - 1 },
  }
}

interface Underway {
  /** Aborted once everything has been sent. */
  readonly sending: AbortSignal
}

/**
 * @param meanwhile what happens while messages are sent; it is waited for
 * @throws Error when the load cannot go on
 */
export async function runStorm(
  plan: StormPlan,
  meanwhile: (underway: Underway) => Promise<void> = async () => {},
): Promise<StormOutcome> {
  const child = fork(fileURLToPath(new URL('./load.ts', import.meta.url)), { execArgv: [] })
  const sent = new AbortController()
  let happening: Promise<void> | undefined
  try {
    const outcome = await new Promise<StormOutcome>((resolve, reject) => {
      child.on('message', (said: { phase?: string; outcome?: StormOutcome; failed?: string }) => {
        if (said.phase === 'sending') {
          happening = meanwhile({ sending: sent.signal })
          happening.catch(reject)
        }
        if (said.phase === 'sent') sent.abort()
        if (said.failed !== undefined) reject(new Error(said.failed))
        if (said.outcome) resolve(said.outcome)
      })
      child.once('exit', (code) => reject(new Error(`The load ended with ${code}.`)))
      child.send(plan)
    })
    await happening
    return outcome
  } finally {
    sent.abort()
    child.kill('SIGKILL')
  }
}

/** Asked again where a server that comes out of a storm has no time yet. @throws what was thrown last */
async function patiently(ask: () => Promise<Data>, tries = 30): Promise<Data> {
  try {
    return await ask()
  } catch (error) {
    if (tries === 1) throw error
    await sleep(1_000)
    return await patiently(ask, tries - 1)
  }
}

/** What the log holds after a cursor, by revision, as readers note what they are told. */
export async function loggedAfter(
  owner: ApiClient,
  conversationId: string,
  after: string,
): Promise<ReadonlyMap<number, string>> {
  const logged = new Map<number, string>()
  const query = `query ($id: ID!, $after: FeedCursor) { conversation(id: $id) { events(first: 100, after: $after) { cursor caughtUp
    events { __typename revision ... on MessageSent { message { id text } } } } } }`
  for (let from = after, more = true; more; ) {
    const { conversation } = await patiently(() => owner.query(query, { id: conversationId, after: from }))
    for (const { __typename, revision, message } of conversation.events.events)
      logged.set(revision, `${__typename} ${message?.id} ${message?.text}`)
    from = conversation.events.cursor
    more = !conversation.events.caughtUp
  }
  return logged
}

/** How the readers' lists and the log differ, and how the log and what was acknowledged do: sentences, none where nothing does. */
export function differences(
  { told, reached, acknowledged, faults, refusals, sent }: StormOutcome,
  logged: ReadonlyMap<number, string>,
): readonly string[] {
  const found = [...faults, ...refusals.map((refusal) => `A message was refused: ${refusal}`)]
  const last = Math.max(...logged.keys())
  const behind = reached.filter((revision) => revision !== last)
  if (behind.length > 0) found.push(`${behind.length} readers are at ${behind.slice(0, 5)}, and the log at ${last}.`)
  const seen = new Map(told)
  for (const [revision, event] of logged)
    if (seen.get(revision) !== event)
      found.push(`${revision} is ${event} in the log, and was ${seen.get(revision)} to the readers.`)
  if (seen.size !== logged.size) found.push(`${seen.size} events were told of, and ${logged.size} are in the log.`)
  if (acknowledged.length !== sent) found.push(`Of ${sent} messages ${acknowledged.length} were acknowledged.`)
  for (const [number, revision] of acknowledged)
    if (logged.get(revision)?.split(' ')[2] !== `${number}`)
      found.push(`Message ${number} is not in the log at ${revision}.`)
  if (acknowledged.length !== logged.size)
    found.push(`Of ${logged.size} in the log ${acknowledged.length} are acknowledged.`)
  return found.slice(0, 30)
}
