// What one group was shown of one conversation, as bytes, for those who were away for a moment. It shows messages and people as
// they are now: whatever changes how something in it looks takes it out.

import { type Position, start } from '../eventstore/port.ts'
import { type Chunk, joined, owned } from './chunk.ts'
import type { FeedEvent } from './event.ts'
import { frameBytes, frameEvents } from './frame.ts'
import type { MadeFrame } from './madeFrame.ts'
import { type ChunkOwner, chunkBytes, type Rings } from './rings.ts'

/** Chunks of what came live are joined while they are smaller. */
const smallBytes = 8_192
/** Frames without events that are kept, by where they stand. */
const shellCount = 64

/** A chunk that is being made. */
export interface UnderWay {
  readonly from: number
  readonly until: number
  /** Undefined where there is none. */
  readonly made: Promise<Loose | undefined>
}

/** A chunk that may not have been kept. */
export interface Loose {
  readonly chunk: Chunk
  /** Of the ring, when it was begun. */
  readonly version: number
}

/** A frame without events: what stands around them. */
export interface Shell {
  readonly head: Uint8Array
  readonly tail: Uint8Array
}

export class Ring implements ChunkOwner {
  /** Only what lasts until a message or a person changes is kept. */
  readonly lasting: boolean
  readonly #rings: Rings
  /** In order, with gaps. */
  #chunks: Chunk[] = []
  /** The same, what was used last at the end. */
  readonly #byUse = new Set<Chunk>()
  #bytes = 0
  #underWay: UnderWay[] = []
  readonly #shells = new Map<string, Promise<Shell | undefined> | Shell | undefined>()
  #version = 0
  #closed = false
  #changedAt: Position = start

  constructor(rings: Rings, { lasting }: { readonly lasting: boolean }) {
    this.#rings = rings
    this.lasting = lasting
    rings.add(this)
  }

  /** Another one whenever something in it may look otherwise. */
  get version(): number {
    return this.#version
  }

  /** What is read for it must be as new as this. */
  get changedAt(): Position {
    const { peopleChangedAt } = this.#rings
    return peopleChangedAt > this.#changedAt ? peopleChangedAt : this.#changedAt
  }

  /** Whether frames that were made without waiting for what people look like now may be kept. */
  get knowsPeople(): boolean {
    return this.#rings.knowsPeople
  }

  /** What is kept from a revision on, without a gap, up to the end of its page; empty where that revision is not kept. */
  from(revision: number): readonly Chunk[] {
    const end = pageEnd(revision)
    const found: Chunk[] = []
    let bytes = 0
    for (let index = this.#indexAt(revision); ; index++) {
      const chunk = this.#chunks[index]
      const next = found.at(-1)?.through ?? revision - 1
      if (
        !chunk ||
        chunk.from > next + 1 ||
        next >= end ||
        (found.length > 0 && bytes + chunk.bytes.byteLength > frameBytes)
      )
        break
      bytes += chunk.bytes.byteLength
      this.#used(chunk)
      found.push(chunk)
    }
    return found
  }

  /** What is to be made for whoever goes on at a revision that is not kept: its page, but for what is there of it. */
  gapAt(revision: number, head: number): { readonly from: number; readonly until: number } {
    const index = this.#indexAt(revision)
    const before = this.#chunks[index - 1]
    const after = this.#chunks[index]
    return {
      from: Math.max(pageStart(revision), (before?.through ?? -1) + 1),
      until: Math.min(pageEnd(revision), head, (after?.from ?? Number.POSITIVE_INFINITY) - 1),
    }
  }

  underWayAt(revision: number): UnderWay | undefined {
    return this.#underWay.find(({ from, until }) => from <= revision && revision <= until)
  }

  begun(underWay: UnderWay): void {
    this.#underWay.push(underWay)
  }

  ended(underWay: UnderWay): void {
    this.#underWay = this.#underWay.filter((other) => other !== underWay)
  }

  /** @param version of the ring when the making began. @param live came after everything else */
  keep(chunk: Chunk, version: number, { live = false } = {}): void {
    if (!this.lasting || this.#closed || chunk.passing || version !== this.#version) return
    const index = this.#indexAt(chunk.from)
    const [before, after] = [this.#chunks[index - 1], this.#chunks[index]]
    if (after && after.from <= chunk.through) return
    if (live && before && joins(before, chunk)) {
      this.#chunks.splice(index - 1, 1)
      this.#forget(before)
      this.#insert(index - 1, joined(before, chunk))
    } else this.#insert(index, { ...chunk, bytes: owned(chunk.bytes) })
  }

  /** What the conversation's next event changes of what came before. */
  told(event: FeedEvent): void {
    const occurred = event.kind === 'shown' ? event.event : event.hidden
    if (occurred && addsOnly.has(occurred.type) && !('replyToId' in occurred.data)) return
    this.#changedAt = event.position
    this.#version++
    this.#underWay = []
    const about = occurred && 'subjectRevision' in occurred.data ? occurred.data.subjectRevision : undefined
    const kept: Chunk[] = []
    for (const chunk of this.#chunks) {
      if (about === undefined || chunk.shows.has(about)) this.#forget(chunk)
      else kept.push(chunk)
    }
    this.#chunks = kept
  }

  dropped(chunk: Chunk): void {
    this.#takeOut(chunk)
    this.#byUse.delete(chunk)
    this.#bytes -= chunkBytes(chunk)
  }

  dropAll(): void {
    this.#version++
    this.#underWay = []
    const chunks = this.#chunks
    this.#chunks = []
    for (const chunk of chunks) this.#forget(chunk)
  }

  /** Nothing is kept from now on. */
  close(): void {
    this.#closed = true
    this.dropAll()
    this.#rings.remove(this)
  }

  /**
   * What stands around the events of a frame; undefined where frames of this group cannot be cut, or made.
   * @param make a frame without events, at the same place
   */
  shell(key: string, make: () => Promise<MadeFrame>): Promise<Shell | undefined> | Shell | undefined {
    if (this.#shells.has(key)) return this.#shells.get(key)
    // Where none can be made now, each of them finds out by itself why, and tells its client.
    const making = make().then(shellOf, () => {
      this.#shells.delete(key)
      return undefined
    })
    this.#shells.set(key, making)
    void making.then((shell) => {
      if (this.#shells.get(key) === making) this.#shells.set(key, shell)
    })
    const [oldest] = this.#shells.keys()
    if (this.#shells.size > shellCount && oldest !== undefined) this.#shells.delete(oldest)
    return making
  }

  /** Index of the first chunk that ends at this revision or later. */
  #indexAt(revision: number): number {
    let [low, high] = [0, this.#chunks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#chunks[middle]?.through ?? 0) < revision) low = middle + 1
      else high = middle
    }
    return low
  }

  #insert(index: number, chunk: Chunk): void {
    this.#chunks.splice(index, 0, chunk)
    this.#bytes += chunkBytes(chunk)
    this.#rings.keep(chunk, this)
    this.#byUse.add(chunk)
    for (const other of this.#byUse) {
      if (this.#bytes <= this.#rings.limits.ringBytes) break
      this.#takeOut(other)
      this.#forget(other)
    }
  }

  /** Each event of a busy conversation makes room for itself: none of them looks through all that is kept. */
  #takeOut(chunk: Chunk): void {
    const index = this.#indexAt(chunk.from)
    if (this.#chunks[index] === chunk) this.#chunks.splice(index, 1)
  }

  #used(chunk: Chunk): void {
    this.#byUse.delete(chunk)
    this.#byUse.add(chunk)
    this.#rings.used(chunk)
  }

  #forget(chunk: Chunk): void {
    this.#byUse.delete(chunk)
    this.#bytes -= chunkBytes(chunk)
    this.#rings.drop(chunk)
  }
}

/** Pages begin at the same revisions for all, so that they are the same ones. */
const pageStart = (revision: number): number => revision - (revision % frameEvents)
const pageEnd = (revision: number): number => pageStart(revision) + frameEvents - 1

const joins = (before: Chunk, after: Chunk): boolean =>
  before.through + 1 === after.from &&
  before.bytes.byteLength + after.bytes.byteLength <= smallBytes &&
  pageEnd(before.from) === pageEnd(after.through)

function shellOf({ cuts }: MadeFrame): Shell | undefined {
  if (!cuts) return undefined
  return { head: owned(cuts.bytes.subarray(0, cuts.end)), tail: owned(cuts.bytes.subarray(cuts.end)) }
}

/** After these everything else looks as before. Of all others it is not known. */
const addsOnly: ReadonlySet<string> = new Set(['MessageSent', 'DMSent', 'UserJoined', 'UserInvited', 'UserLeft'])
