// The generator of `fanout`, a process of its own: many subscribers that count, and one sender that keeps some messages under way.
// A message is under way until all subscribers have it.

import type { Counted, FanoutReply, FanoutTask, Side } from './fanoutLoad.ts'
import { mark, RawClient } from './rawClient.ts'

/** What a peer's clients say, and what they wait for. */
interface Dialogue {
  readonly path: string
  readonly protocol?: string
  /** In turn: what to send, and the word to wait for after it. */
  begin(token: string): readonly (readonly [send: string | undefined, until: string])[]
  subscribe(index: number, room: string): readonly [send: string, until: string]
  message(number: number, room: string, text: string): string
}

const textLength = 300
const sendMutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { detail } } }`
const feed = `subscription ($id: ID!) { conversationFeed(conversationId: $id) { cursor events {
  revision ... on MessageSent { message { id number text author { id displayName } } } } } }`
const graphqlWs = 'graphql-transport-ws'

const dialogues: Readonly<Record<Side['kind'], Dialogue>> = {
  parley: {
    path: '/graphql',
    protocol: graphqlWs,
    begin: (token) => [
      [JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }), 'connection_ack'],
    ],
    subscribe: (index, id) => [
      JSON.stringify({ id: idOf(index), type: 'subscribe', payload: { query: feed, variables: { id } } }),
      '"next"',
    ],
    message: (number, conversationId, text) =>
      JSON.stringify({
        id: `send-${number}`,
        type: 'subscribe',
        payload: { query: sendMutation, variables: { input: { conversationId, text } } },
      }),
  },
  rawWs: {
    path: '/',
    begin: () => [],
    subscribe: (index) => [JSON.stringify({ subscribe: idOf(index) }), 'subscribed'],
    message: (_number, _room, text) => JSON.stringify({ text }),
  },
  socketIo: {
    path: '/socket.io/?EIO=4&transport=websocket',
    begin: () => [
      [undefined, '"sid"'],
      ['40', '40{'],
    ],
    subscribe: (_index, room) => [`42${JSON.stringify(['join', room])}`, 'joined'],
    message: (_number, room, text) => `42${JSON.stringify(['send', { room, text }])}`,
  },
  graphqlWs: {
    path: '/graphql',
    protocol: graphqlWs,
    begin: () => [['{"type":"connection_init"}', 'connection_ack']],
    subscribe: (index, room) => [
      JSON.stringify({
        id: idOf(index),
        type: 'subscribe',
        payload: {
          query: 'subscription ($room: String!) { message(room: $room) { id number text author { id displayName } } }',
          variables: { room },
        },
      }),
      // It says nothing when a subscription has begun: a ping after it is answered once it has been taken.
      'pong',
    ],
    message: (number, room, text) =>
      JSON.stringify({
        id: `send-${number}`,
        type: 'subscribe',
        payload: {
          query: 'mutation ($room: String!, $text: String!) { send(room: $room, text: $text) }',
          variables: { room, text },
        },
      }),
  },
}

/** As long as the ids that clients make. */
const idOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

class Fanout {
  readonly #side: Side
  readonly #dialogue: Dialogue
  readonly #subscribers: RawClient[] = []
  #sender: RawClient | undefined
  #delivered = 0
  #sent = 0
  #window = 0
  #fault: string | undefined

  constructor(side: Side) {
    this.#side = side
    this.#dialogue = dialogues[side.kind]
  }

  async open(): Promise<void> {
    const { tokens, room, subscribers } = this.#side
    for (let index = 0; index < subscribers; index++) {
      const client = await this.#connect(tokens[index % tokens.length] ?? '', (count) => this.#deliver(count))
      const [subscribe, until] = this.#dialogue.subscribe(index, room)
      const begun = client.until(until)
      client.send(subscribe)
      if (until === 'pong') client.send('{"type":"ping"}')
      await begun
      this.#subscribers.push(client)
    }
    this.#sender = await this.#connect(tokens[0] ?? '', () => {})
  }

  async run({ window, warmUpMs, ms }: { window: number; warmUpMs: number; ms: number }): Promise<Counted> {
    this.#window = window
    this.#fill()
    await pause(warmUpMs)
    const before = this.#delivered
    const from = performance.now()
    const cpu = process.cpuUsage()
    process.send?.({ counting: true } satisfies FanoutReply)
    await pause(ms)
    const seconds = (performance.now() - from) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const deliveries = this.#delivered - before
    process.send?.({ counting: false } satisfies FanoutReply)
    this.#window = 0
    await this.#quiet()
    return { deliveries, seconds, generatorCpu: (user + system) / 1e6 / seconds }
  }

  async #connect(token: string, onMessages: (count: number) => void): Promise<RawClient> {
    const { port } = this.#side
    const { path, protocol, begin } = this.#dialogue
    const onEnd = (): void => {
      this.#fault ??= 'A connection was closed.'
    }
    const client = await RawClient.open({
      port,
      path,
      onMessages,
      onEnd,
      ...(protocol === undefined ? {} : { protocol }),
    })
    for (const [send, until] of begin(token)) {
      const answered = client.until(until)
      if (send !== undefined) client.send(send)
      await answered
    }
    return client
  }

  #deliver(count: number): void {
    this.#delivered += count
    this.#fill()
  }

  #fill(): void {
    const all = Math.floor(this.#delivered / this.#side.subscribers)
    while (this.#sent - all < this.#window) {
      const text = `${mark} ${this.#sent} `.padEnd(textLength, 'a message of the usual length ')
      this.#sender?.send(this.#dialogue.message(this.#sent, this.#side.room, text))
      this.#sent++
    }
  }

  /** @throws when a delivery is missing after 10 s, or one came twice */
  async #quiet(): Promise<void> {
    const all = this.#sent * this.#side.subscribers
    for (const until = performance.now() + 10_000; this.#delivered < all; await pause(10)) {
      if (this.#fault !== undefined) throw new Error(this.#fault)
      if (performance.now() > until) throw new Error(`${all - this.#delivered} of ${all} deliveries are missing.`)
    }
    await pause(100)
    if (this.#delivered > all) throw new Error(`${this.#delivered - all} deliveries too many.`)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const answer = (reply: FanoutReply) => process.send?.(reply)
let fanout: Fanout | undefined
process.on('message', (task: FanoutTask) => {
  const work = async (): Promise<Counted | undefined> => {
    if (task.kind === 'open') {
      fanout = new Fanout(task.side)
      await fanout.open()
      return undefined
    }
    return await fanout?.run(task)
  }
  work().then(
    (counted) => answer({ done: counted ?? null }),
    (error: Error) => answer({ failed: error.message }),
  )
})
process.on('disconnect', () => process.exit())
