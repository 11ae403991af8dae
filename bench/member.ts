// A member on a socket of the load generator: the few frames of graphql-transport-ws that sending and listening need. A
// client library would cost the generator more than the server spends on a delivery.

import { WebSocket } from 'ws'

interface MemberOptions {
  readonly ws: string
  readonly token: string
  readonly roomId: string
  /** A message of this number was acknowledged, under this id. */
  readonly onAck: (number: number, messageId: string) => void
  /** A message of this number came over the feed. */
  readonly onDelivery: (number: number) => void
  /** Whatever must not happen while measuring. */
  readonly onFault: (message: string) => void
}

const feedQuery = `subscription ($id: ID!) {
  conversationFeed(conversationId: $id) {
    cursor caughtUp
    events { __typename revision occurredAt ... on MessageSent { message { id number text author { id displayName } } } }
  }
}`
const sendQuery = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { __typename ... on SendMessagePayload { position message { id number } } ... on Error { detail } }
}`
const padding = ' A message of the usual length, which says nothing much, but says it in about a hundred characters.'
const feedId = 'feed'

interface Frame {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

export class Member {
  readonly #options: MemberOptions
  readonly #socket: WebSocket
  #closing = false

  private constructor(options: MemberOptions, socket: WebSocket) {
    this.#options = options
    this.#socket = socket
    socket.on('message', (data) => this.#receive(String(data)))
    socket.on('close', (code, reason) => {
      if (!this.#closing) options.onFault(`A socket was closed with ${code} ${reason}.`)
    })
  }

  /** Resolves once the session is accepted. */
  static async connect(options: MemberOptions): Promise<Member> {
    const socket = new WebSocket(options.ws, 'graphql-transport-ws')
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    const accepted = new Promise((resolve) => socket.once('message', resolve))
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${options.token}` } }))
    await accepted
    return new Member(options, socket)
  }

  /** Resolves with the feed's first frame. */
  async follow(): Promise<void> {
    const first = new Promise((resolve) => this.#socket.once('message', resolve))
    this.#subscribe(feedId, feedQuery, { id: this.#options.roomId })
    await first
  }

  /** The number stands in the text, which is how it is known again when it is delivered. */
  send(number: number): void {
    const input = {
      conversationId: this.#options.roomId,
      text: `~${number}~${padding}`,
      clientMessageId: `measured-${number}`,
    }
    this.#subscribe(String(number), sendQuery, { input })
  }

  close(): void {
    this.#closing = true
    this.#socket.close()
  }

  #subscribe(id: string, query: string, variables: object): void {
    this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }))
  }

  #receive(text: string): void {
    if (text.startsWith(`{"id":"${feedId}","type":"next"`)) this.#deliver(text)
    else this.#handle(text, JSON.parse(text))
  }

  #handle(text: string, { type, id, payload }: Frame): void {
    if (type === 'ping') this.#socket.send('{"type":"pong"}')
    else if (type === 'next' && id === feedId) this.#deliver(text)
    else if (type !== 'complete' || id === feedId) this.#answered(text, Number(id), sentIn(payload))
  }

  #answered(text: string, number: number, messageId: string | undefined): void {
    if (messageId === undefined) this.#options.onFault(`The server sent ${text.slice(0, 500)}`)
    else this.#options.onAck(number, messageId)
  }

  /** Looks for the numbers without parsing the frame. */
  #deliver(text: string): void {
    for (const [, number] of text.matchAll(/~(\d+)~/g)) this.#options.onDelivery(Number(number))
  }
}

/** The id in an answer to `sendQuery`. */
function sentIn(payload: unknown): string | undefined {
  // Any part may be missing: where it was refused, or where the frame is no answer at all.
  const answer = payload as { data?: { sendMessage?: { message?: { id?: string } } } } | undefined
  return answer?.data?.sendMessage?.message?.id
}
