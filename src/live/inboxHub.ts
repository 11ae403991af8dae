// Inboxes that ask the same and have received everything: what is new in a conversation is made once, and handed to each that
// holds it, strictly in the order of the log. Whoever may not have it, or cannot take it now, goes their own way.

import type { RecordedEvent } from '../eventstore/port.ts'
import type { Channel } from './channel.ts'
import { cut } from './frame.ts'
import type { InboxDetail } from './inboxItems.ts'
import { type InboxRun, type MadeRun, runOf, type SharedInboxFrame } from './inboxRuns.ts'
import type { MadeFrame } from './madeFrame.ts'
import { Share } from './share.ts'

/** How an inbox takes frames that are made for many. */
export interface InboxOutlet {
  /** The same for all who are shown the same frames in the same way. */
  readonly group: string
  make(payload: SharedInboxFrame): Promise<MadeFrame>
  /** Writes it now. A promise where the reader has too much left to read: until it resolves, nothing more is to be made for them. */
  deliver(made: MadeFrame): Promise<void> | void
}

export interface InboxListener {
  /** Takes the frame, goes its own way from where it is, or does nothing where it does so already. */
  take(run: MadeRun): void
  /** Goes its own way. */
  leave(): void
}

/** A conversation with the inboxes that hold it. */
interface Held {
  readonly channel: Channel
  readonly listeners: Set<InboxListener>
  /** The newest revision that was taken note of. */
  noted: number
}

/** Some of what the node has handled. */
interface Span {
  readonly held: Held
  readonly from: number
  through: number
}

/** Frames that are made at a time. */
const ahead = 8

export class InboxHub {
  readonly #detail: InboxDetail
  readonly #inboxes = new Set<InboxListener>()
  readonly #held = new Map<string, Held>()
  #make: InboxOutlet['make']
  /** What has been handled and not delivered, in the order of the log. */
  #pending: Span[] = []
  #ringing: NodeJS.Immediate | undefined
  #delivering = false
  readonly #share = new Share()

  constructor(detail: InboxDetail, make: InboxOutlet['make']) {
    this.#detail = detail
    this.#make = make
  }

  get size(): number {
    return this.#inboxes.size
  }

  enter(listener: InboxListener, { make }: InboxOutlet): void {
    this.#inboxes.add(listener)
    this.#make = make
  }

  /** It holds no conversation any more, and never will. */
  exit(listener: InboxListener): void {
    this.#inboxes.delete(listener)
  }

  /** From now on the listener, who has entered, is handed what is new in this conversation. */
  hold(channel: Channel, listener: InboxListener): void {
    const held = this.#held.get(channel.stream) ?? { channel, listeners: new Set(), noted: -1 }
    held.listeners.add(listener)
    this.#held.set(channel.stream, held)
  }

  letGo(stream: string, listener: InboxListener): void {
    const held = this.#held.get(stream)
    held?.listeners.delete(listener)
    if (held?.listeners.size === 0) this.#held.delete(stream)
  }

  /** Told of what the node handles, in order, once the channels have been. */
  note(events: readonly RecordedEvent[]): void {
    for (const { stream, revision } of events) {
      const held = this.#held.get(stream)
      // After a break in the subscription the same events may come again.
      if (!held || revision <= held.noted) continue
      held.noted = revision
      const before = this.#pending.at(-1)
      if (before?.held === held && before.through + 1 === revision) before.through = revision
      else this.#pending.push({ held, from: revision, through: revision })
    }
    // After this turn, as channels tell their followers: whoever sent these events hears first that they are stored.
    if (this.#pending.length > 0) this.#ringing ??= setImmediate(() => void this.#ring())
  }

  async #ring(): Promise<void> {
    this.#ringing = undefined
    if (this.#delivering) return
    this.#delivering = true
    this.#share.begin()
    try {
      const making: Promise<Making>[] = []
      for (;;) {
        while (making.length < ahead) {
          const span = this.#next()
          if (!span) break
          making.push(this.#made(span))
        }
        const next = await making.shift()
        if (!next) break
        await this.#deliver(next)
        await this.#share.rest()
      }
    } catch {
      // What was made is lost: each of them finds it in the log.
      for (const listener of [...this.#inboxes]) listener.leave()
    } finally {
      this.#delivering = false
    }
  }

  /** As much as a frame takes. */
  #next(): Making | undefined {
    const span = this.#pending.shift()
    if (!span) return undefined
    const { held, from, through } = span
    // Undefined where it is kept no more: each finds it in the log.
    const recent = held.channel.from(from)?.slice(0, through - from + 1)
    const { events } = cut(recent ?? [])
    const run = runOf(held.channel.stream, events, this.#detail)
    if (run && run.through < through) this.#pending.unshift({ held, from: run.through + 1, through })
    return { held, run }
  }

  async #made({ held, run }: Making): Promise<Making> {
    if (!run?.payload) return { held, run }
    try {
      return { held, run: { ...run, made: await this.#make(run.payload) } }
    } catch {
      // Each of them finds out by itself what is wrong, and tells its client.
      return { held, run: undefined }
    }
  }

  /** In an order of their coming; those who come meanwhile have it already. */
  async #deliver({ held, run }: Making): Promise<void> {
    for (const listener of [...held.listeners]) {
      const turn = this.#share.next()
      if (turn) await turn
      // Another one's frame may have made it leave.
      if (!held.listeners.has(listener)) continue
      if (run) listener.take({ made: undefined, ...run })
      else listener.leave()
    }
  }
}

interface Making {
  readonly held: Held
  /** Undefined where there is no frame for them. */
  readonly run: (InboxRun & { readonly made?: MadeFrame }) | undefined
}
