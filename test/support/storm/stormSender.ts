// Sends messages at a steady rate, whatever happens to the nodes: what was not answered is sent again, with the same key.

import type { Random } from '../random.ts'
import { sentText } from './sightings.ts'
import type { StormPlace } from './stormReader.ts'
import { WireSocket } from './wireSocket.ts'

interface StormSenderOptions extends Pick<StormPlace, 'nodes' | 'conversationId'> {
  readonly token: string
  readonly random: Random
  /** Tells its keys from those of other runs. */
  readonly name: string
  /** Characters of a message, at least. */
  readonly length: number
}

interface SendAnswer {
  readonly id?: string
  readonly type: string
  readonly payload?: {
    readonly data?: {
      readonly sendMessage: { readonly code?: string; readonly message?: { readonly revision: number } }
    } | null
    /** What was sent may stand in the log, and not be readable yet. */
    readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
  }
}

const sending = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  ... on SendMessagePayload { message { revision } } ... on Error { code } } }`
/** Without an answer for so long it goes to another node, in ms. */
const patienceMs = 10_000

export class StormSender {
  /** By the number of the message: the revision that was acknowledged. */
  readonly acknowledged = new Map<number, number>()
  readonly refusals: string[] = []
  readonly #options: StormSenderOptions
  readonly #underWay = new Map<number, string>()
  #socket: WireSocket | undefined
  #ready = false
  #sent = 0
  #heardAt = performance.now()
  #over = false
  readonly #impatient: NodeJS.Timeout

  constructor(options: StormSenderOptions) {
    this.#options = options
    this.#connect()
    this.#impatient = setInterval(() => {
      if (this.#underWay.size > 0 && performance.now() - this.#heardAt > patienceMs) this.#socket?.reset()
    }, 500)
  }

  get sent(): number {
    return this.#sent
  }

  /** Messages that are not acknowledged yet. */
  get underWay(): number {
    return this.#underWay.size
  }

  send(): void {
    const number = ++this.#sent
    if (this.#underWay.size === 0) this.#heardAt = performance.now()
    const text = sentText(number, this.#options.length)
    this.#underWay.set(number, text)
    if (this.#ready) this.#ask(number, text)
  }

  end(): void {
    this.#over = true
    clearInterval(this.#impatient)
    this.#socket?.reset()
  }

  #connect(): void {
    const { nodes, random, token } = this.#options
    this.#heardAt = performance.now()
    const socket = new WireSocket({
      url: random.pick(nodes),
      protocol: 'graphql-transport-ws',
      onOpen: () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
      onText: (text) => this.#read(text),
      onClose: () => {
        this.#ready = false
        if (!this.#over) setTimeout(() => this.#connect(), random.between(20, 200))
      },
    })
    this.#socket = socket
  }

  #ask(number: number, text: string): void {
    const { conversationId, name } = this.#options
    const input = { conversationId, text, clientMessageId: `${name}-${number}` }
    const payload = { query: sending, variables: { input } }
    this.#socket?.send(JSON.stringify({ id: `${number}`, type: 'subscribe', payload }))
  }

  #read(text: Buffer): void {
    this.#heardAt = performance.now()
    // The server sends messages of the protocol, and what the document asks for.
    const { id, type, payload } = JSON.parse(text.toString()) as SendAnswer
    if (type === 'connection_ack') {
      this.#ready = true
      // What was under way is not known to have been stored: its key says so.
      for (const [number, again] of this.#underWay) this.#ask(number, again)
      return
    }
    if (id === undefined || type === 'complete') return
    const number = Number(id)
    const { message, code = payload?.errors?.[0]?.extensions?.code ?? type } = payload?.data?.sendMessage ?? {}
    if (message) {
      this.acknowledged.set(number, message.revision)
      this.#underWay.delete(number)
      return
    }
    if (code !== 'UNAVAILABLE' && this.refusals.length < 20) this.refusals.push(text.toString())
    setTimeout(() => {
      const again = this.#underWay.get(number)
      if (again !== undefined && this.#ready) this.#ask(number, again)
    }, 200)
  }
}
