// A conversation's messages, page by page: from its end, from a cursor, around a message, or since a time.

import { type MessageDocument, messages } from '../../projections/messages.ts'
import type { Filter } from '../documents/port.ts'
import { type ConversationId, parseId } from '../domain/ids.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import {
  BadInput,
  beyond,
  countUpTo,
  edgesOf,
  type List,
  type ListOrder,
  type Page,
  type PageArguments,
  page,
  pageSize,
  take,
} from './page.ts'

export interface HistoryArguments extends PageArguments {
  readonly around?: string | null | undefined
  /** RFC 3339. */
  readonly since?: string | null | undefined
  /** Nothing that was sent before this revision (default 0). */
  readonly visibleFrom?: number
}

export type FoundMessage = MessageDocument & { readonly id: string }

const orderOf = (conversationId: ConversationId): ListOrder => ({
  name: `message ${conversationId}`,
  field: 'sentRevision',
  direction: 1,
  ties: false,
})

/** Oldest to newest. @throws BadInput */
export async function history(
  models: ReadModels,
  conversationId: ConversationId,
  { around, since, visibleFrom = 0, ...args }: HistoryArguments,
): Promise<Page<FoundMessage>> {
  const list: List<MessageDocument> = {
    projection: messages,
    filter: visibleFrom > 0 ? { conversationId, sentRevision: { $gte: visibleFrom } } : { conversationId },
    order: orderOf(conversationId),
  }
  if (around == null && since == null) return await page(models, list, args, { fromEnd: true })
  if (around != null && since != null) throw new BadInput('Give "around" or "since", not both.')
  if (args.after != null || args.before != null || args.last != null)
    throw new BadInput('"around" and "since" open a page by themselves: with them only "first" can be given.')
  const size = pageSize(args.first)
  return around == null
    ? await pageSince(models, list, since ?? '', size)
    : await pageAround(models, list, { around, visibleFrom }, size)
}

async function pageSince(
  models: ReadModels,
  list: List<MessageDocument>,
  since: string,
  size: number,
): Promise<Page<FoundMessage>> {
  const revision = await firstRevisionSince(models, list, since)
  const from: Filter = revision === undefined ? { sentRevision: { $lt: 0 } } : { sentRevision: { $gte: revision } }
  const found = await take(models, list, from, 'after', size + 1)
  return await surrounded(models, list, found.slice(0, size), found.length > size)
}

/**
 * A revision after which the first message is the first one of that time or later; undefined where none is. Times in a
 * conversation never go back, so that halving finds it, in about twenty reads for a million messages, without an index of times.
 */
async function firstRevisionSince(
  models: ReadModels,
  list: List<MessageDocument>,
  since: string,
): Promise<number | undefined> {
  const [newest] = await take(models, list, undefined, 'before', 1)
  if (!newest || newest.document.sentAt < since) return undefined
  let low = 0
  let high = newest.document.sentRevision
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [next] = await take(models, list, { sentRevision: { $gte: middle } }, 'after', 1)
    if (!next || next.document.sentAt >= since) high = middle
    else low = next.document.sentRevision + 1
  }
  return low
}

async function pageAround(
  models: ReadModels,
  list: List<MessageDocument>,
  { around, visibleFrom }: { readonly around: string; readonly visibleFrom: number },
  size: number,
): Promise<Page<FoundMessage>> {
  const parsed = parseId(around)
  const [middle] = parsed?.type === 'message' ? await models.get(messages, [parsed.id]) : []
  const { conversationId } = list.filter
  if (!middle || middle.document.conversationId !== conversationId || middle.document.sentRevision < visibleFrom)
    throw new BadInput('"around" is no message of this conversation.')
  const place = { key: middle.document.sentRevision, id: middle.id }
  const half = Math.floor((size - 1) / 2)
  // Where one side is short, the other fills the page.
  const before = await take(models, list, beyond(list.order, place, 'before'), 'before', size)
  const after = await take(models, list, beyond(list.order, place, 'after'), 'after', size)
  const room = size - 1
  const fromBefore = Math.min(before.length, Math.max(half, room - after.length))
  const fromAfter = Math.min(after.length, room - fromBefore)
  const entries = [...before.slice(0, fromBefore).reverse(), middle, ...after.slice(0, fromAfter)]
  return await surrounded(models, list, entries, after.length > fromAfter)
}

async function surrounded(
  models: ReadModels,
  list: List<MessageDocument>,
  entries: Awaited<ReturnType<typeof take<MessageDocument>>>,
  hasNextPage: boolean,
): Promise<Page<FoundMessage>> {
  const first = entries[0]
  const before = first
    ? await take(
        models,
        list,
        beyond(list.order, { key: first.document.sentRevision, id: first.id }, 'before'),
        'before',
        1,
      )
    : await take(models, list, undefined, 'before', 1)
  return {
    ...edgesOf(list, entries),
    hasNextPage,
    hasPreviousPage: before.length > 0,
    total: () => countUpTo(models, list),
  }
}
