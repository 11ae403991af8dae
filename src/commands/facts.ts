// src/commands/facts.ts: what a command may know besides the state of its own stream. The only door from commands to the read models.

import { memberships } from '../../projections/memberships.ts'
import type { MessageDocument } from '../../projections/messages.ts'
import { messages } from '../../projections/messages.ts'
import { usernames } from '../../projections/reservations.ts'
import { rooms } from '../../projections/rooms.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { StoredDocument } from '../documents/port.ts'
import type { MessageEvent, Recorded } from '../domain/events.ts'
import { type ConversationId, type MessageId, membershipId, type RoomId, type UserId } from '../domain/ids.ts'
import { evolveFact, type MessageFact, messageOf } from '../domain/message.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { EventStore, Position, RecordedEvent } from '../eventstore/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'

/** How long a lookup waits for the read models before it believes that something is not there, in ms. */
const patienceMs = 2_000
/** Owners of a server that are looked at. */
const mostOwners = 1_000
/** Memberships looked at together. */
const membershipsAtOnce = 200

/** Facts about other streams. They may be as old as the read models are, but never say "there is none" before those have caught up. */
export class Facts {
  readonly #models: ReadModels
  readonly #store: EventStore

  constructor(models: ReadModels, store: EventStore) {
    this.#models = models
    this.#store = store
  }

  get models(): ReadModels {
    return this.#models
  }

  /** Who these usernames (in lower case) lead to, of those that lead to somebody. */
  async usersByName(names: readonly string[]): Promise<ReadonlyMap<string, UserId>> {
    const found = await this.#models.get(usernames, names)
    return new Map(found.map(({ id, document }) => [id, document.userId]))
  }

  /** An account that its name does not lead to does not exist. */
  async user(id: UserId): Promise<UserDocument | undefined> {
    const user = (await this.#first(() => this.#models.get(users, [id])))?.document
    const [claim] = user ? await this.#models.get(usernames, [user.usernameKey]) : []
    return claim?.document.userId === id ? user : undefined
  }

  /** Who a username (in lower case) leads to. */
  async userByName(name: string): Promise<UserId | undefined> {
    return (await this.#first(() => this.#models.get(usernames, [name])))?.document.userId
  }

  /** Who owns the server, or undefined where the read models do not know in time. */
  async owners(): Promise<readonly UserId[] | undefined> {
    if (!(await this.#models.waitFor(await this.#store.end(), { timeoutMs: patienceMs }))) return undefined
    const found = await this.#models.find(users, { filter: { serverRole: 'OWNER' }, limit: mostOwners })
    // The ids of this collection are those of people.
    return found.map(({ id }) => id as UserId)
  }

  /** Whether two people are in a room together. */
  shareRoom(one: UserId, other: UserId): Promise<boolean> {
    // One of them may have joined only now.
    return this.#patiently(
      () => this.#shareRoom(one, other),
      (shared) => shared,
    )
  }

  async #shareRoom(one: UserId, other: UserId): Promise<boolean> {
    for (let after: ConversationId | undefined, more = true; more; ) {
      const found = await this.#models.find(memberships, {
        filter: after === undefined ? { userId: one } : { userId: one, conversationId: { $gt: after } },
        sort: { conversationId: 1 },
        limit: membershipsAtOnce,
      })
      const shared = found
        .map(({ document }) => document.conversationId)
        .filter((conversation) => conversation.startsWith('room_'))
        .map((conversation) => membershipId(conversation, other))
      if ((await this.#models.get(memberships, shared)).length > 0) return true
      after = found.at(-1)?.document.conversationId
      more = found.length === membershipsAtOnce
    }
    return false
  }

  async roomExists(id: RoomId): Promise<boolean> {
    return (await this.#models.get(rooms, [id])).length > 0
  }

  /** Where a message is. */
  async message(id: MessageId): Promise<StoredDocument<MessageDocument> | undefined> {
    return await this.#first(() => this.#models.get(messages, [id]))
  }

  async #first<D>(read: () => Promise<readonly StoredDocument<D>[]>): Promise<StoredDocument<D> | undefined> {
    const [found] = await this.#patiently(read, ({ length }) => length > 0)
    return found
  }

  /** Reads again, once the read models are where the log is now, what is not there at first. */
  async #patiently<T>(read: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
    // Taken first: while the log is asked for its end, the read models may come to hold what was not there.
    const { checkpoint } = this.#models
    const found = await read()
    if (isThere(found)) return found
    const end = await this.#store.end()
    if (end <= checkpoint) return found
    await this.#models.waitFor(end, { timeoutMs: patienceMs })
    return await read()
  }
}

type MessageRecord = Recorded<MessageEvent>

const isMessageEvent = (event: Recorded): event is MessageRecord =>
  event.type === 'MessageSent' ||
  event.type === 'DMSent' ||
  event.type === 'MessageEdited' ||
  event.type === 'MessageDeleted'

/**
 * Facts about the messages of one conversation, exact at the revision that its mailbox has reached: the read model's document,
 * and on it what the stream says after the read model's checkpoint. Those newest events are kept here; they are few.
 */
export class MessageFacts {
  readonly #models: ReadModels
  readonly #store: EventStore
  readonly #stream: string
  /** Message events after `#from`, by message, oldest first. */
  readonly #recent = new Map<MessageId, MessageRecord[]>()
  /** The same in order, to be dropped once the read models hold them. */
  #order: { readonly position: Position; readonly message: MessageId }[] = []
  /** Everything in the stream after this position is in `#recent`. */
  #from: Position

  constructor(models: ReadModels, store: EventStore, stream: string, from: Position) {
    this.#models = models
    this.#store = store
    this.#stream = stream
    this.#from = from
  }

  /** Takes note of the stream's next event. `position` may be that of a later event of the same append. */
  note(event: Recorded): void {
    if (!isMessageEvent(event)) return
    const message = messageOf(event)
    const known = this.#recent.get(message)
    if (known) known.push(event)
    else this.#recent.set(message, [event])
    this.#order.push({ position: event.position as Position, message })
    if (this.#order.length >= 2_000 && this.#order.length % 1_000 === 0) this.#drop(this.#models.checkpoint)
  }

  noteStored(event: RecordedEvent): void {
    const decoded = decode(event)
    if (isDecoded(decoded)) this.note(decoded)
  }

  /**
   * The facts about these messages. The checkpoint is read first, then the documents, then the events after that checkpoint:
   * in this order nothing can fall between them.
   */
  async about(ids: readonly MessageId[]): Promise<Map<MessageId, MessageFact>> {
    const facts = new Map<MessageId, MessageFact>()
    if (ids.length === 0) return facts
    const checkpoint = this.#models.checkpoint
    const stored = await this.#models.get(messages, ids)
    if (checkpoint < this.#from) await this.#fill(checkpoint)
    const revisions = new Map<MessageId, number>()
    for (const { id, revision, document } of stored) {
      // The ids that came back are among those that were asked for.
      facts.set(id as MessageId, factOf(document))
      revisions.set(id as MessageId, revision)
    }
    for (const id of new Set(ids)) {
      const parked = this.#models.parkedRevision(messages, id)
      const events =
        parked === undefined ? (this.#recent.get(id) ?? []) : await this.#eventsOf(id, (revisions.get(id) ?? -1) + 1)
      for (const event of events) {
        if (event.revision <= (revisions.get(id) ?? -1)) continue
        const next = evolveFact(facts.get(id), event)
        if (next) facts.set(id, next)
      }
    }
    this.#drop(checkpoint)
    return facts
  }

  /** What the newest events say of these messages, without a read: those that they do not begin are not there. */
  latest(ids: readonly MessageId[]): Map<MessageId, MessageFact> {
    const facts = new Map<MessageId, MessageFact>()
    for (const id of ids) {
      let fact: MessageFact | undefined
      for (const event of this.#recent.get(id) ?? []) fact = evolveFact(fact, event)
      if (fact) facts.set(id, fact)
    }
    this.#drop(this.#models.checkpoint)
    return facts
  }

  /** Reads the events between the read models' checkpoint and what is kept here. */
  async #fill(checkpoint: Position): Promise<void> {
    const earlier: Recorded[] = []
    for await (const page of this.#store.readStream(this.#stream, { after: checkpoint }))
      for (const event of page) {
        if (event.position > this.#from) break
        const decoded = decode(event)
        if (isDecoded(decoded)) earlier.push(decoded)
      }
    const later = [...this.#recent.values()].flat().sort((a, b) => a.revision - b.revision)
    this.#recent.clear()
    this.#order = []
    this.#from = checkpoint
    for (const event of [...earlier, ...later]) this.note(event)
  }

  /** A parked document stands still: its events are read from the log itself. */
  async #eventsOf(id: MessageId, from: number): Promise<readonly MessageRecord[]> {
    const events: MessageRecord[] = []
    for await (const page of this.#store.readStream(this.#stream, { from }))
      for (const event of page) {
        const decoded = decode(event)
        if (isDecoded(decoded) && isMessageEvent(decoded) && messageOf(decoded) === id) events.push(decoded)
      }
    return events
  }

  #drop(checkpoint: Position): void {
    let count = 0
    while (count < this.#order.length) {
      const entry = this.#order[count]
      if (entry === undefined || entry.position > checkpoint) break
      const events = this.#recent.get(entry.message)
      events?.shift()
      if (events?.length === 0) this.#recent.delete(entry.message)
      count++
    }
    if (count === 0) return
    this.#order = this.#order.slice(count)
    if (checkpoint > this.#from) this.#from = checkpoint
  }
}

const factOf = (document: MessageDocument): MessageFact => ({
  authorId: document.authorId,
  revision: document.sentRevision,
  deleted: document.deletedAt !== undefined,
  contentHash: document.contentHash,
  text: document.text,
  bodies: document.bodies,
})
