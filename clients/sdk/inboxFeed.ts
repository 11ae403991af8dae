// All conversations of the viewer in one feed, continued from a stored cursor.

import type { FeedParts } from './conversationFeed.ts'
import { Frames } from './frames.ts'
import {
  type InboxDetail,
  InboxFeedDocument,
  type InboxFeedSubscription,
  InboxStartDocument,
} from './generated/documents.ts'
import { Revisions } from './revisions.ts'
import { storedJson } from './storage.ts'

/** An event as the server shows it. A newer server may have types that are not listed. */
export type InboxEvent = InboxFeedSubscription['inboxFeed']['events'][number]

export interface InboxUpdate {
  /** In the order of the log; none may be there. */
  readonly events: readonly InboxEvent[]
  /** False while history is being replayed. */
  readonly caughtUp: boolean
  /** The feed could not be continued: what was kept is to be read afresh, and these events come after that. */
  readonly reset: 'LOG_REPLACED' | 'TOO_FAR' | undefined
  /** Where the feed stands now. */
  readonly cursor: string
}

export interface InboxFeedOptions {
  readonly signal: AbortSignal
  /** Where it goes on: at the stored place, or now where there is none, unless said. */
  readonly after?: string | undefined
  /** Whether its place is stored. */
  readonly stored: boolean
  /** With `EVERYTHING` each conversation is checked by its revisions; with `MESSAGES` they have holes by intent. */
  readonly detail: InboxDetail
}

/**
 * An update counts as taken care of when the next one is asked for; then its cursor is stored. So after a crash the last one may
 * come again, and none is missing.
 * @throws {SessionEndedError}
 */
export async function* inboxFeed(
  parts: FeedParts,
  { signal, after, stored, detail }: InboxFeedOptions,
): AsyncGenerator<InboxUpdate, void, undefined> {
  const key = `cursor/inbox-${detail}`
  let cursor = after ?? (stored ? asCursor(await storedJson(parts.storage, key)) : undefined)
  cursor ??= (await parts.requests.ask(InboxStartDocument, {}, { signal })).viewer?.feedCursor
  const frames = new Frames<InboxEvent>({
    ...parts,
    feed: 'inbox',
    after: cursor,
    signal,
    subscribe: (link, from, sink) => link.subscribe(InboxFeedDocument, { after: from ?? null, detail }, sink),
    // The server has answered the document that was sent.
    frameOf: (data) => (data as InboxFeedSubscription).inboxFeed,
  })
  const proof = new Proof(parts)
  for await (const frame of frames) {
    const reset = frame.reset?.reason
    if (reset) {
      parts.notices.report({ name: reset, feed: 'inbox' })
      proof.forget()
      cursor = frame.cursor
    }
    const checked = detail === 'EVERYTHING'
    const { events, missing } = checked ? proof.take(frame.events) : { events: frame.events, missing: false }
    // Where all is checked, of the last event: what a frame lacks may be missing after it too.
    cursor = checked ? (events.at(-1)?.cursor ?? cursor ?? frame.cursor) : frame.cursor
    // What is missing comes from the server once more, from right before it.
    if (missing) frames.rewind(cursor)
    yield { events, caughtUp: frame.caughtUp && !missing, reset, cursor }
    if (stored) await parts.storage.set(key, JSON.stringify(cursor))
  }
}

/** A hole that is being filled by a second reading. */
interface Refilling {
  readonly from: number
  readonly through: number
  events: number
}

/** Checks each conversation from when it is gained to when it is lost. */
class Proof {
  readonly #notices: FeedParts['notices']
  readonly #revisions = new Map<string, Revisions>()
  readonly #refilling = new Map<string, Refilling>()

  constructor({ notices }: Pick<FeedParts, 'notices'>) {
    this.#notices = notices
  }

  forget(): void {
    this.#revisions.clear()
    this.#refilling.clear()
  }

  /** The events that follow without a hole, and whether one is missing after them. */
  take(events: readonly InboxEvent[]): { readonly events: readonly InboxEvent[]; readonly missing: boolean } {
    const inOrder: InboxEvent[] = []
    for (const event of events) {
      if (event.__typename === 'ConversationRemoved') this.#lose(event.conversationId)
      if (event.__typename === 'ConversationAdded' && event.conversation) this.#lose(event.conversation.id)
      if (!('revision' in event) || !event.conversation) {
        inOrder.push(event)
        continue
      }
      const { id } = event.conversation
      const verdict = this.#judge(id, event)
      if (verdict === 'missing') return { events: inOrder, missing: true }
      if (verdict === 'next') inOrder.push(event)
      else this.#notices.report({ name: 'REPEATED', conversationId: id, revision: event.revision })
    }
    return { events: inOrder, missing: false }
  }

  #judge(conversationId: string, event: { readonly revision: number }): 'next' | 'repeat' | 'missing' {
    const revisions = this.#revisions.get(conversationId) ?? new Revisions()
    this.#revisions.set(conversationId, revisions)
    const seen = revisions.see(event)
    const refilling = this.#refilling.get(conversationId)
    if (seen.kind === 'hole') {
      // Asked for a second time already: it is not to be had.
      if (refilling) return this.#leave(conversationId, revisions, event)
      this.#refilling.set(conversationId, { from: seen.from, through: seen.through, events: 0 })
      return 'missing'
    }
    if (seen.kind === 'next' && refilling) this.#fill(conversationId, revisions, refilling)
    return seen.kind
  }

  #fill(conversationId: string, revisions: Revisions, refilling: Refilling): void {
    refilling.events += 1
    const { from, through, events } = refilling
    if ((revisions.next ?? 0) <= through) return
    this.#refilling.delete(conversationId)
    this.#notices.report({ name: 'HOLE_FILLED', conversationId, from, through, events })
  }

  #leave(conversationId: string, revisions: Revisions, event: { readonly revision: number }): 'next' {
    this.#refilling.delete(conversationId)
    const from = revisions.next ?? event.revision
    this.#notices.report({ name: 'HOLE_LEFT', conversationId, from, through: event.revision - 1 })
    revisions.skipTo(event.revision)
    revisions.see(event)
    return 'next'
  }

  #lose(conversationId: string): void {
    this.#revisions.delete(conversationId)
    this.#refilling.delete(conversationId)
  }
}

const asCursor = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
