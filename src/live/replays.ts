// Those who come back, or read slowly, are served together: with bytes that were sent before, or with pages that are read and
// executed once for all who need them. However many they are, what is live goes on beside them.

import type { EventStore, Position } from '../eventstore/port.ts'
import { recentlyUsed } from '../recentlyUsed.ts'
import type { Outlet } from './audience.ts'
import type { Channel } from './channel.ts'
import { type Chunk, chunkOf, cutFrom } from './chunk.ts'
import { merged } from './event.ts'
import { cut } from './frame.ts'
import { type MadeFrame, SplicedFrame } from './madeFrame.ts'
import type { Loose, Ring, UnderWay } from './ring.ts'
import { Slots } from './slots.ts'
import { anchorAt, readFrame } from './streamReading.ts'
import { Turns } from './turns.ts'

/** Frames that are handed out in one turn of the event loop. */
const framesATurn = 6
/** Pages that are read and executed at a time. */
const pagesAtATime = 2
/** So often is it looked again for what has just been made, and has changed meanwhile. */
const attempts = 6
const rememberedAnchors = 5_000

interface ReplaysOptions {
  readonly store: EventStore
  readonly handled: () => Position
  /** Resolves once the read models can show what stands up to here; with false where that takes too long. */
  readonly readable: (position: Position) => Promise<boolean>
}

/** A frame of what comes after a place. */
export interface Page {
  readonly made: MadeFrame
  /** Where the feed stands after it. */
  readonly cursor: string
  /** Revision of its last event. */
  readonly through: number
  /** The earliest revision that it tells something of. */
  readonly earliest: number
  readonly caughtUp: boolean
}

interface Asked {
  readonly channel: Channel
  readonly outlet: Outlet
  /** The first revision that has not been received. */
  readonly from: number
}

export class Replays {
  readonly #options: ReplaysOptions
  readonly #turns = new Turns(framesATurn)
  readonly #slots = new Slots(pagesAtATime)
  /** What cursors named, as the log has it, which never changes. */
  readonly #anchors = recentlyUsed<string, Promise<string | undefined>>(rememberedAnchors)

  constructor(options: ReplaysOptions) {
    this.#options = options
  }

  /** By what the event at a revision is known again; read once for all who ask. */
  anchor(channel: Channel, revision: number): Promise<string | undefined> {
    const known = channel.anchorAt(revision)
    if (known !== undefined) return Promise.resolve(known)
    const key = `${channel.stream} ${revision}`
    const reading = this.#anchors.get(key)
    if (reading) return reading
    const read = anchorAt(this.#options.store, channel.stream, revision)
    this.#anchors.set(key, read)
    const forget = () => this.#anchors.delete(key)
    // What is not there yet may come.
    read.then((anchor) => anchor === undefined && forget(), forget)
    return read
  }

  /**
   * The next frame for whoever goes on at a revision, which the node has handled. It judges nothing: whoever takes it must be allowed
   * to see all of it.
   * @returns undefined where each must have a frame of their own
   */
  async page(asked: Asked): Promise<Page | undefined> {
    const { channel, outlet, from } = asked
    const ring = channel.ring(outlet)
    if (!(await this.#shell(asked, ring, 'any', { caughtUp: false }))) return undefined
    let loose: Loose | undefined
    let waited = false
    for (let attempt = 0; attempt < attempts; attempt++) {
      const chunks = present(ring, loose, from)
      if (chunks.length === 0) {
        loose = await this.#chunk(asked, ring)
        if (!loose) return undefined
        continue
      }
      const last = chunks.at(-1)
      const events = cutFrom(chunks, from)
      if (!last || !events) return undefined
      const caughtUp = last.through >= channel.head
      const shell = this.#shell(asked, ring, last.cursor, { caughtUp })
      if (!shell) return undefined
      // Whatever is waited for, it is looked again then whether all is so still.
      if ('then' in shell) {
        await shell
        continue
      }
      const turn = waited ? undefined : this.#turns.take()
      waited = true
      if (turn) {
        await turn
        continue
      }
      const made = new SplicedFrame([shell.head, ...events.parts, shell.tail], last.cursor)
      return { made, cursor: last.cursor, through: last.through, earliest: events.earliest, caughtUp }
    }
    return undefined
  }

  /** A frame without events, for whoever has received everything. @param cursor where they stand */
  async empty({ channel, outlet }: Omit<Asked, 'from'>, cursor: string): Promise<MadeFrame | undefined> {
    const shell = await this.#shell({ channel, outlet }, channel.ring(outlet), cursor, { caughtUp: true })
    return shell && new SplicedFrame([shell.head, shell.tail], cursor)
  }

  #shell(
    { channel, outlet }: Omit<Asked, 'from'>,
    ring: Ring,
    cursor: string,
    { caughtUp }: { readonly caughtUp: boolean },
  ) {
    const { conversationId } = channel
    return ring.shell(`${cursor} ${caughtUp}`, () => outlet.make({ conversationId, events: [], cursor, caughtUp }))
  }

  /** The one with this revision in it: that which is being made, or a new one. */
  async #chunk(asked: Asked, ring: Ring): Promise<Loose | undefined> {
    for (let after = -1; ; ) {
      const underWay = ring.underWayAt(asked.from) ?? this.#begin(asked, ring, after)
      const loose = await underWay?.made
      if (!loose || loose.chunk.through >= asked.from || ring.from(asked.from).length > 0) return loose
      // A page of long messages was cut before it came so far: what follows is next, even where this is not kept.
      after = Math.max(after, loose.chunk.through)
    }
  }

  #begin({ channel, outlet, from }: Asked, ring: Ring, after: number): UnderWay | undefined {
    const gap = ring.gapAt(from, channel.head)
    const span = { ...gap, from: Math.max(gap.from, after + 1) }
    if (span.until < from) return undefined
    const made = this.#made({ channel, outlet, ring, ...span }).catch(() => undefined)
    const underWay = { ...span, made }
    ring.begun(underWay)
    void made.then(() => ring.ended(underWay))
    return underWay
  }

  async #made(making: Making): Promise<Loose | undefined> {
    // Before the line: what has to wait for the read models keeps nothing else from being made.
    if (!(await this.#options.readable(this.#options.handled()))) return undefined
    return await this.#slots.run(() => this.#make(making))
  }

  async #make({ channel, outlet, ring, from, until }: Making): Promise<Loose | undefined> {
    const { store, handled } = this.#options
    const { version, changedAt } = ring
    const recent = channel.from(from)?.slice(0, until - from + 1)
    const read = recent ? cut(recent) : await readFrame(store, channel.stream, from, handled(), until - from + 1)
    const events = merged(read.events)
    const last = events.at(-1)
    if (!last) return undefined
    const made = await outlet.make({
      conversationId: channel.conversationId,
      events,
      cursor: last.cursor,
      caughtUp: false,
      atLeast: last.position > changedAt ? last.position : changedAt,
      lasts: true,
    })
    const chunk = chunkOf(events, made)
    if (!chunk) return undefined
    ring.keep(chunk, version)
    return { chunk, version }
  }
}

interface Making {
  readonly channel: Channel
  readonly outlet: Outlet
  readonly ring: Ring
  readonly from: number
  readonly until: number
}

/** What is there from a revision on. */
function present(ring: Ring, loose: Loose | undefined, from: number): readonly Chunk[] {
  const kept = ring.from(from)
  if (kept.length > 0) return kept
  const holds = loose && loose.version === ring.version && loose.chunk.from <= from && from <= loose.chunk.through
  return holds ? [loose.chunk] : []
}
