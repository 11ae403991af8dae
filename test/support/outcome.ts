// What comes of an operation, in one word: `ok` for data, `null` for nothing, or the code of the error.

import type { ApiClient, Data } from './client.ts'
import { readLive } from './liveReader.ts'

export interface Operation {
  readonly document: string
  readonly variables: Readonly<Record<string, unknown>>
  /** What reads must see. */
  readonly atLeast?: string
}

export async function outcomeOf(client: ApiClient, { document, variables, atLeast }: Operation): Promise<string> {
  if (document.startsWith('subscription')) return await ofFeed(client, document, variables)
  const headers: Readonly<Record<string, string>> = atLeast === undefined ? {} : { 'parley-at-least': atLeast }
  const { body, status } = await client.post(document, variables, { headers })
  if (body.errors) return codeOf(body.errors[0]?.extensions)
  if (status !== 200) return `status ${status}`
  const [value] = Object.values(body.data ?? {})
  return wordFor(value)
}

async function ofFeed(client: ApiClient, query: string, variables: Operation['variables']): Promise<string> {
  const reader = readLive('SSE', { graphql: client.graphql, token: client.token, query, variables })
  const first = await Promise.race([reader.until((frames) => frames.length > 0), reader.ended])
  const [frame] = reader.frames
  reader.drop()
  return frame ? wordFor(frame) : (first?.codes[0] ?? 'ended')
}

const codeOf = (extensions: Readonly<Record<string, unknown>> | undefined): string =>
  String(extensions?.code ?? 'without a code')

/** Nothing is also a list of nothing. */
function wordFor(value: Data | null | undefined): string {
  if (value == null) return 'null'
  if (Array.isArray(value)) return value.every((entry) => entry === null) ? 'null' : 'ok'
  if (typeof value.code === 'string') return value.code
  for (const list of [value.nodes, value.users]) if (Array.isArray(list) && list.length === 0) return 'null'
  return 'ok'
}
