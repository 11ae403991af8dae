// What a query shows of a conversation.

import type { ApiClient, Data } from './client.ts'
import type { ShownMessage } from './history.ts'

const document = `query ($id: ID!, $after: String) { conversation(id: $id) {
  ... on Room { historyVisibility }
  messages(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id number text } }
} }`

/** All messages of a room, oldest first, page by page. */
export async function shownMessages(client: ApiClient, conversationId: string): Promise<readonly ShownMessage[]> {
  const found = await wholeOf(client, conversationId)
  if (!found) throw new Error(`${conversationId} cannot be seen.`)
  return found
}

/** The same by whoever of these sees it whole; undefined where nobody does. */
export async function shownToAny(
  clients: readonly ApiClient[],
  conversationId: string,
): Promise<readonly ShownMessage[] | undefined> {
  for (const client of clients) {
    const found = await wholeOf(client, conversationId)
    if (found) return found
  }
  return undefined
}

async function wholeOf(client: ApiClient, id: string): Promise<readonly ShownMessage[] | undefined> {
  const found: ShownMessage[] = []
  let after: string | null = null
  for (;;) {
    const { conversation }: Data = await client.query(document, { id, after })
    if (conversation == null || conversation.historyVisibility === 'SINCE_JOINED') return undefined
    found.push(...conversation.messages.nodes)
    if (!conversation.messages.pageInfo.hasNextPage) return found
    after = conversation.messages.pageInfo.endCursor
  }
}
