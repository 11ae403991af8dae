// The rooms that the viewer has joined, and their direct conversations.

import { memberships } from '../../projections/memberships.ts'
import type { ConversationId } from '../domain/ids.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Asking } from './asking.ts'
import type { FoundConversation, Loaders } from './loaders.ts'
import { byActivity, countLimit, cursorOf, type Page, type PageArguments, pageSize, placeOf } from './page.ts'

/** Memberships read at once. */
const chunk = 200

const joinedByActivity = { ...byActivity, name: 'conversation' } as const

export class JoinedConversations {
  readonly #models: ReadModels
  /** By the operation that asked. */
  readonly #read = new WeakMap<Loaders, Promise<readonly FoundConversation[]>>()

  constructor(models: ReadModels) {
    this.#models = models
  }

  /** Most recently active first. Read once for an operation, or until it writes. */
  of(asking: Asking): Promise<readonly FoundConversation[]> {
    const { loaders, consistency } = asking
    const known = this.#read.get(loaders)
    if (known) return known
    const joined = this.#readAll(asking)
    this.#read.set(loaders, joined)
    consistency.onRaise(() => this.#read.delete(loaders))
    return joined
  }

  async #readAll({ viewer, consistency, loaders }: Asking): Promise<readonly FoundConversation[]> {
    await consistency.ready()
    const ids: ConversationId[] = []
    for (let more = true; more; ) {
      const after = ids.at(-1)
      const found = await this.#models.find(memberships, {
        filter: after === undefined ? { userId: viewer } : { userId: viewer, conversationId: { $gt: after } },
        sort: { conversationId: 1 },
        limit: chunk,
      })
      ids.push(...found.map(({ document }) => document.conversationId))
      more = found.length === chunk
    }
    const found = await loaders.conversations.loadMany(ids)
    const access = await loaders.access.loadMany(ids)
    const joined = found.flatMap((conversation, index) =>
      conversation && !(conversation instanceof Error) && access[index] && !(access[index] instanceof Error)
        ? [conversation]
        : [],
    )
    return joined.sort((a, b) =>
      a.activeAt === b.activeAt ? (a.id < b.id ? -1 : 1) : a.activeAt > b.activeAt ? -1 : 1,
    )
  }

  /** The same, page by page. */
  async page(asking: Asking, { first, after }: PageArguments): Promise<Page<FoundConversation>> {
    const size = pageSize(first)
    const from = after == null ? undefined : placeOf(joinedByActivity, after)
    const all = await this.of(asking)
    // Those that the place itself comes before.
    const rest = from
      ? all.filter(({ activeAt, id }) => activeAt < from.key || (activeAt === from.key && id > from.id))
      : all
    const entries = rest.slice(0, size)
    return {
      edges: entries.map((node) => ({ cursor: cursorOf(joinedByActivity, { key: node.activeAt, id: node.id }), node })),
      hasNextPage: rest.length > size,
      hasPreviousPage: after != null,
      total: async () => (all.length > countLimit ? undefined : all.length),
    }
  }
}
