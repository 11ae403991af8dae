// Somebody who follows all of their conversations over a socket, and keeps what they were told.

import type { ApiClient, Data } from './client.ts'

export interface InboxFrame {
  readonly caughtUp: boolean
  readonly cursor: string
  readonly reset: { readonly reason: string } | null
  readonly events: readonly Data[]
}

const document = `subscription ($after: FeedCursor, $detail: InboxDetail!) { inboxFeed(after: $after, detail: $detail) {
  caughtUp cursor reset { reason }
  events { __typename cursor
    ... on ConversationEvent { revision conversation { id } }
    ... on MessageSent { message { id text } } ... on DMSent { message { id text } }
    ... on MessageEdited { message { id text } } ... on MessageDeleted { message { id text } }
    ... on EventsSkipped { throughRevision }
    ... on ConversationAdded { conversation { id } } ... on ConversationRemoved { conversationId }
    ... on ReadMarkerAdvanced { conversation { id } number }
    ... on InvitationReceived { invitation { roomName roomId invitedBy { username } } }
  } } }`

/** One connection with one inbox feed. */
export class InboxReader {
  readonly frames: InboxFrame[] = []
  readonly #client: ReturnType<ApiClient['socket']>
  readonly #ended: Promise<void>
  #changed = Promise.withResolvers<void>()
  error: unknown

  constructor(client: ApiClient, { after, detail = 'MESSAGES' }: { after?: string | undefined; detail?: string } = {}) {
    this.#client = client.socket()
    this.#ended = this.#read({ after, detail })
  }

  get events(): readonly Data[] {
    return this.frames.flatMap(({ events }) => events)
  }

  get cursor(): string {
    const cursor = this.frames.at(-1)?.cursor
    if (cursor === undefined) throw new Error('No frame has come yet.')
    return cursor
  }

  /** What was told, in short: the type, and the text or the revision. */
  get told(): readonly string[] {
    return this.events.map(({ __typename, message, revision, number }) =>
      [__typename, message === undefined ? (number ?? revision) : (message?.text ?? null)]
        .filter((x) => x !== undefined)
        .join(' '),
    )
  }

  /** Waits until this holds. @throws after 10 s, with what has come */
  async until(holds: (reader: this) => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(10_000)
    while (!holds(this)) {
      if (deadline.aborted) throw new Error(`It never came. So far: ${JSON.stringify(this.told)} ${String(this.error)}`)
      await Promise.race([this.#changed.promise, new Promise((resolve) => setTimeout(resolve, 200))])
    }
  }

  caughtUp(): Promise<void> {
    return this.until(({ frames }) => frames.some(({ caughtUp }) => caughtUp))
  }

  async close(): Promise<void> {
    await this.#client.dispose()
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #read(variables: { after: string | undefined; detail: string }): Promise<void> {
    try {
      for await (const { data, errors } of this.#client.iterate<{ inboxFeed: InboxFrame }>({
        query: document,
        variables,
      })) {
        if (errors) throw new Error(JSON.stringify(errors))
        if (data) this.frames.push(data.inboxFeed)
        this.#changed.resolve()
        this.#changed = Promise.withResolvers()
      }
    } catch (error) {
      this.error = error
    }
  }
}
