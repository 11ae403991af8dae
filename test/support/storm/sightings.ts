// What many readers of one feed were told: under each revision the same to all of them, or it is noted. Frames that are the same
// are read once.

export interface SeenFrame {
  /** Revision of its first event; undefined where it has none. */
  readonly from: number | undefined
  readonly through: number
  readonly cursor: string
  readonly reset: boolean
  /** When the messages in it were sent, in ms as `sentText` has it. */
  readonly sentAt: readonly number[]
}

interface FeedAnswer {
  readonly data?: {
    readonly conversationFeed: {
      readonly cursor: string
      readonly reset: object | null
      readonly events: readonly {
        readonly __typename: string
        readonly revision: number
        readonly throughRevision?: number
        readonly message?: { readonly id: string; readonly text: string } | null
      }[]
    }
  } | null
  readonly errors?: unknown
}

export const stormFeed =
  'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { cursor reset { reason } ' +
  'events { __typename revision ... on MessageSent { message { id text } } ... on EventsSkipped { throughRevision } } } }'

/** A message that says its own number and when it was sent; `length` characters long at least. */
export const sentText = (number: number, length: number): string =>
  `${number} ${performance.now().toFixed(3)} `.padEnd(length, 'storm ')
const sentAtOf = (text: string): number => Number(text.split(' ', 2)[1])

/** Frames that are remembered: those that come to many do so at nearly the same time. */
const remembered = 500

export class Sightings {
  /** By revision: what was told there, in a form that the log can be compared with. */
  readonly told = new Map<number, string>()
  /** The first ones of what cannot be. */
  readonly faults: string[] = []
  readonly #frames = new Map<string, SeenFrame>()

  /** @param payload of a `next` message, as it came */
  frame(payload: Buffer): SeenFrame {
    const key = payload.toString('latin1')
    const known = this.#frames.get(key)
    if (known) return known
    const frame = this.#read(payload)
    if (this.#frames.size >= remembered) this.#frames.clear()
    this.#frames.set(key, frame)
    return frame
  }

  fault(sentence: string): void {
    if (this.faults.length < 20) this.faults.push(sentence)
  }

  #read(payload: Buffer): SeenFrame {
    const { data, errors } = JSON.parse(payload.toString()) as FeedAnswer
    if (!data) throw new Error(`A feed answered ${JSON.stringify(errors)}`)
    const { cursor, reset, events } = data.conversationFeed
    if (errors !== undefined) this.fault(`A frame came with errors: ${JSON.stringify(errors)}`)
    let next: number | undefined
    const sentAt: number[] = []
    for (const { __typename, revision, throughRevision, message } of events) {
      if (next !== undefined && revision !== next) this.fault(`After ${next - 1} the same frame has ${revision}.`)
      next = (throughRevision ?? revision) + 1
      if (message) sentAt.push(sentAtOf(message.text))
      const told = `${__typename} ${message?.id} ${message?.text}`
      const before = this.told.get(revision)
      if (before === undefined) this.told.set(revision, told)
      else if (before !== told) this.fault(`Revision ${revision} was told as ${before}, and as ${told}.`)
    }
    return { from: events[0]?.revision, through: (next ?? 0) - 1, cursor, reset: reset !== null, sentAt }
  }
}
