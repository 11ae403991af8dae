// Whether the server shows what the file says. Each difference is a sentence.

import type { Api } from './api.ts'
import { nickKey, usernameOf } from './nicks.ts'
import type { Plan } from './plan.ts'
import type { Reading } from './readers.ts'
import { described, type RoomEvent } from './roomLog.ts'

interface HistoryMessage {
  readonly number: number
  readonly clientMessageId: string | null
  readonly text: string | null
  readonly author: { readonly username: string; readonly displayName: string } | null
}

interface HistoryPage {
  readonly nodes: readonly HistoryMessage[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const historyDocument = `query ($id: ID!, $after: String, $first: Int) {
  conversation(id: $id) { messages(after: $after, first: $first) {
    nodes { number clientMessageId text author { username displayName } }
    pageInfo { hasNextPage endCursor }
  } }
}`

const pageSize = 100

/** All messages of a room, oldest first. @param atLeast a position that must be seen */
export async function readHistory(api: Api, id: string, atLeast?: string): Promise<readonly HistoryMessage[]> {
  const messages: HistoryMessage[] = []
  // The first page begins with the oldest message, where `first` is given.
  for (let after: string | null = null; ; ) {
    const variables: Readonly<Record<string, unknown>> = { id, after, first: pageSize }
    const { conversation } = await api.query<{ conversation: { messages: HistoryPage } | null }>(
      historyDocument,
      variables,
      atLeast,
    )
    if (conversation === null) throw new Error(`There is no conversation ${id}.`)
    const { nodes, pageInfo } = conversation.messages
    messages.push(...nodes)
    if (!pageInfo.hasNextPage) return messages
    after = pageInfo.endCursor
  }
}

/** History against file: each message, by whom, what, and under which number. */
export function compareHistory({ steps }: Plan, history: readonly HistoryMessage[]): readonly string[] {
  const sent = steps.filter((step) => step.kind === 'message')
  const differences = sent.flatMap((step, index) => {
    const shown = history[index]
    if (shown === undefined) return [`${step.clientMessageId} is missing in the history`]
    const expected = [index + 1, step.clientMessageId, usernameOf(step.person), step.person, step.text]
    const { number, clientMessageId, author, text } = shown
    const found = [number, clientMessageId, author?.username, nickKey(author?.displayName ?? ''), text]
    return difference('history', expected, found)
  })
  const more = history.slice(sent.length).map(({ number }) => `The history has a message ${number} that nobody sent`)
  return [...differences, ...more]
}

/** Log against file: revisions 0 to n without a hole, each what it should be. */
export const compareLog = (expected: readonly string[], log: readonly RoomEvent[]): readonly string[] =>
  Array.from({ length: Math.max(expected.length, log.length) }).flatMap((_, revision) => {
    const event = log[revision]
    return difference(
      'log',
      [revision, expected[revision] ?? 'nothing'],
      event === undefined ? [revision, 'nothing'] : [event.revision, described(event)],
    )
  })

/** What a reader received against the file: every revision after its beginning once, in order. */
export function compareReading(
  expected: readonly string[],
  { manner, received, disorder }: Reading,
): readonly string[] {
  const twice = disorder.map((revision) => `The ${manner} reader received revision ${revision} out of order`)
  const wrong = expected.slice(1).flatMap((event, index) => {
    const got = received.get(index + 1) ?? 'nothing'
    // A live event may come without its message, if that could not be read in time; then its type and author stand.
    const withoutMessage = event.split(' ', 2).join(' ')
    return got === event || got === withoutMessage ? [] : difference(`${manner} reader`, [event], [got])
  })
  const more = [...received.keys()].filter((revision) => revision >= expected.length)
  return [
    ...twice,
    ...wrong,
    ...more.map((revision) => `The ${manner} reader received ${revision}, which is not there`),
  ]
}

function difference(where: string, expected: readonly unknown[], found: readonly unknown[]): readonly string[] {
  const [wanted, got] = [JSON.stringify(expected), JSON.stringify(found)]
  return wanted === got ? [] : [`${where}: expected ${wanted}, found ${got}`]
}
