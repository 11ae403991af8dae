// A client of a Parley server, for browsers and Node: one account, one socket, feeds that go on where they were, and an outbox.

import { Addresses } from './addresses.ts'
import { type Clock, systemClock } from './clock.ts'
import { Connection } from './connection.ts'
import { type ConversationUpdate, conversationFeed, type FeedParts, type Place } from './conversationFeed.ts'
import { ConversationView } from './conversationView.ts'
import { untilAborted } from './frames.ts'
import {
  type InboxDetail,
  LogoutDocument,
  type PersonFragment,
  type TypedDocumentString,
} from './generated/documents.ts'
import { type InboxUpdate, inboxFeed } from './inboxFeed.ts'
import type { LinkTimes } from './link.ts'
import { memoryStorage } from './memoryStorage.ts'
import { type Notice, type NoticeName, Notices } from './notices.ts'
import { Outbox } from './outbox.ts'
import { type AskOptions, type Fetch, Requests } from './requests.ts'
import type { Session } from './session.ts'
import { forgetSession, type SignIn, signIn } from './signIn.ts'
import { type Storage, storageUnder } from './storage.ts'
import { wakeWhenOnline, wakingClock } from './wakingClock.ts'

export type { Clock } from './clock.ts'
export type { ConversationEvent, ConversationUpdate, Place } from './conversationFeed.ts'
export type { ConversationView } from './conversationView.ts'
export type { InboxEvent, InboxUpdate } from './inboxFeed.ts'
export type { Notice, NoticeName } from './notices.ts'
export type { Outbox, OutboxChange } from './outbox.ts'
export type { QueuedMessage } from './queuedMessage.ts'
export type { SignIn } from './signIn.ts'
export type { Storage } from './storage.ts'
export type { Message, TimelineEntry } from './timeline.ts'

export interface ClientOptions {
  /** The nodes of the server: `http://127.0.0.1:4000`. Where one does not serve the next is used. */
  readonly addresses: readonly string[]
  readonly signIn: SignIn
  /** Keeps cursors, the outbox and the session; what is in memory is gone with the page or process. */
  readonly storage?: Storage
  /** Told of each discontinuity, by its name. */
  readonly onNotice?: (notice: Notice) => void
  /** Ends the attempt to sign in, and later the client. */
  readonly signal?: AbortSignal
  /** For tests: what stands for the time, the network and the waits. */
  readonly clock?: Clock
  readonly fetch?: Fetch
  readonly webSocket?: unknown
  readonly times?: Partial<LinkTimes>
}

interface FeedOptions {
  /** Ends the feed. */
  readonly signal?: AbortSignal
  /** Whether its place is stored, so that the next one goes on there. True unless said. */
  readonly stored?: boolean
}

export class ParleyClient implements AsyncDisposable {
  /** Messages on their way. */
  readonly outbox: Outbox
  readonly #session: Session
  readonly #parts: FeedParts
  readonly #root: Storage
  readonly #closing: AbortController
  readonly #signal: AbortSignal
  readonly #wake: () => void

  private constructor(made: Made) {
    this.outbox = made.outbox
    this.#session = made.session
    this.#parts = made.parts
    this.#root = made.root
    this.#closing = made.closing
    this.#signal = made.signal
    this.#wake = made.wake
  }

  /**
   * Signs in, and begins to send what an earlier page or process has left. Where no node answers it tries until one does, or the
   * signal aborts. A session that is stored needs no answer.
   * @throws {RefusedError} a wrong password, no guests here
   * @throws {SessionEndedError} the token is not good
   * @throws {TypeError} an address is none
   */
  static async connect(options: ClientOptions): Promise<ParleyClient> {
    const { storage: root = memoryStorage(), onNotice, webSocket, times } = options
    const deadlines = options.clock ?? systemClock
    const clock = wakingClock(deadlines)
    const closing = new AbortController()
    const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal
    const addresses = new Addresses(options.addresses)
    const notices = new Notices(onNotice)
    const requests = new Requests({ addresses, clock, fetch: options.fetch })
    const onEnd = (): void => notices.report({ name: 'SESSION_ENDED' })
    const session = await signIn(options.signIn, { storage: root, requests, onEnd, signal })
    requests.signIn(session)
    // Of one account: what is queued is never sent in the name of another.
    const storage = storageUnder(root, `${session.user.id}/`)
    const connection = new Connection({ addresses, clock, deadlines, session, notices, signal, times, webSocket })
    const outbox = await Outbox.open({ storage, requests, clock, notices, signal })
    outbox.start()
    wakeWhenOnline(clock, signal)
    const parts = { connection, requests, notices, clock, storage }
    return new ParleyClient({ outbox, session, parts, root, closing, signal, wake: () => clock.wake() })
  }

  /** Who is signed in. */
  get user(): PersonFragment {
    return this.#session.user
  }

  /** How often something has happened, by the name of its notice. */
  count(name: NoticeName): number {
    return this.#parts.notices.count(name)
  }

  /**
   * Everything that happens in one conversation: each change once, in order, without a hole. It goes on where the last one was, or
   * begins now. Ends with its signal or the client.
   * @throws {RefusedError} @throws {SessionEndedError} from the iteration
   */
  conversationFeed(
    conversationId: string,
    { signal, stored = true, from }: FeedOptions & { readonly from?: Place } = {},
  ): AsyncIterableIterator<ConversationUpdate> {
    const until = this.#until(signal)
    return untilAborted(conversationFeed(this.#parts, { conversationId, signal: until, stored, from }), until)
  }

  /** All conversations of the account, in the order of the log. @throws {SessionEndedError} from the iteration */
  inboxFeed({
    signal,
    stored = true,
    after,
    detail = 'MESSAGES',
  }: FeedOptions & {
    readonly after?: string
    readonly detail?: InboxDetail
  } = {}): AsyncIterableIterator<InboxUpdate> {
    const until = this.#until(signal)
    return untilAborted(inboxFeed(this.#parts, { signal: until, stored, after, detail }), until)
  }

  /** A conversation with its newest messages, one's own queued ones among them, kept up to date. @throws {RefusedError} */
  openConversation(
    conversationId: string,
    options: { readonly pageSize?: number; readonly onChange?: (view: ConversationView) => void } = {},
  ): Promise<ConversationView> {
    const { pageSize = 50, onChange } = options
    const { outbox } = this
    const viewerId = this.user.id
    return ConversationView.open(this.#parts, {
      conversationId,
      viewerId,
      outbox,
      signal: this.#signal,
      pageSize,
      onChange,
    })
  }

  /** Stores a message, then sends it as soon as that is possible. @returns its clientMessageId, once it is stored */
  async send(conversationId: string, text: string): Promise<string> {
    return (await this.outbox.add(conversationId, text)).clientMessageId
  }

  /**
   * Any query or command. It is asked once; with more `attempts`, which only what can be done twice should have, until one of them
   * is answered.
   * @throws {RefusedError} @throws {UnreachableError} @throws {SessionEndedError}
   */
  request<Result = unknown, Variables = Readonly<Record<string, unknown>>>(
    document: TypedDocumentString<Result, Variables> | string,
    variables: Variables,
    { signal, attempts = 1 }: AskOptions = {},
  ): Promise<Result> {
    return this.#parts.requests.ask(document, variables, { signal: this.#until(signal), attempts })
  }

  /** Tries at once whatever waits for its next attempt. In a browser that comes online it happens by itself. */
  wake(): void {
    this.#wake()
  }

  /**
   * Closes, ends the session on the server, and forgets it here. What is queued stays.
   * @throws {UnreachableError} nobody answered: the session goes on, and is still known here
   */
  async signOut(): Promise<void> {
    // First, so that nothing takes the end that was asked for as one that was not.
    this.close()
    await this.#parts.requests.ask(LogoutDocument, {}, { attempts: 3 })
    await forgetSession(this.#root)
  }

  /** Ends the feeds and the socket. What is queued is sent by the next client with the same storage. */
  close(): void {
    this.#closing.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await this.outbox.settled()
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([this.#signal, signal]) : this.#signal
  }
}

interface Made {
  readonly outbox: Outbox
  readonly session: Session
  readonly parts: FeedParts
  readonly root: Storage
  readonly closing: AbortController
  readonly signal: AbortSignal
  readonly wake: () => void
}
