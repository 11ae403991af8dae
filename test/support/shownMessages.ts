// What a query shows of a room.

import type { ApiClient, Data } from './client.ts'
import type { ShownMessage } from './history.ts'

/** All messages of a room, oldest first, page by page. */
export async function shownMessages(client: ApiClient, roomId: string): Promise<readonly ShownMessage[]> {
  const found: ShownMessage[] = []
  let after: string | null = null
  for (;;) {
    const { room }: Data = await client.query(
      'query ($id: ID, $after: String) { room(id: $id) { messages(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id number text } } } }',
      { id: roomId, after },
    )
    found.push(...room.messages.nodes)
    if (!room.messages.pageInfo.hasNextPage) return found
    after = room.messages.pageInfo.endCursor
  }
}
