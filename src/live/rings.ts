// How much of what was sent is kept as bytes, on the whole node. What is used least goes first; and all of it goes when a person
// changes who may be shown in any of it.

import { LRUCache } from 'lru-cache'
import { type Position, type RecordedEvent, start } from '../eventstore/port.ts'
import type { Chunk } from './chunk.ts'

/** Bytes of the whole node, and of one ring. */
export interface RingLimits {
  readonly nodeBytes: number
  readonly ringBytes: number
}

const defaultLimits: RingLimits = { nodeBytes: 67_108_864, ringBytes: 8_388_608 }

/** Of a chunk beside its bytes, and of each of its events. */
const chunkWeight = 400
const eventWeight = 60

export const chunkBytes = ({ bytes, events }: Chunk): number =>
  bytes.byteLength + chunkWeight + eventWeight * events.length

/** Told when something must go. */
export interface ChunkOwner {
  dropped(chunk: Chunk): void
  /** All of it, and what is being made too. */
  dropAll(): void
}

export class Rings {
  readonly limits: RingLimits
  readonly #checkpoint: () => Position
  readonly #kept: LRUCache<Chunk, ChunkOwner>
  readonly #owners = new Set<ChunkOwner>()
  #peopleChangedAt: Position = start

  /** @param checkpoint how far the read models are that frames are made from */
  constructor(checkpoint: () => Position, limits: RingLimits = defaultLimits) {
    this.#checkpoint = checkpoint
    this.limits = limits
    this.#kept = new LRUCache({
      maxSize: limits.nodeBytes,
      sizeCalculation: (_, chunk) => chunkBytes(chunk),
      dispose: (owner, chunk, reason) => {
        if (reason === 'evict') owner.dropped(chunk)
      },
    })
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#kept.calculatedSize
  }

  /** Position of the newest change of a person: what shows people must have been read from there on. */
  get peopleChangedAt(): Position {
    return this.#peopleChangedAt
  }

  /** Whether people are read as they are now. */
  get knowsPeople(): boolean {
    return this.#checkpoint() >= this.#peopleChangedAt
  }

  /** Told of everything that the node handles, in order. */
  deliver(events: readonly RecordedEvent[]): void {
    for (const { stream, type, position } of events) {
      if (!stream.startsWith('user-') || showsNoChange.has(type)) continue
      this.#peopleChangedAt = position
      for (const owner of this.#owners) owner.dropAll()
    }
  }

  add(owner: ChunkOwner): void {
    this.#owners.add(owner)
  }

  remove(owner: ChunkOwner): void {
    this.#owners.delete(owner)
  }

  keep(chunk: Chunk, owner: ChunkOwner): void {
    this.#kept.set(chunk, owner)
  }

  used(chunk: Chunk): void {
    this.#kept.get(chunk)
  }

  drop(chunk: Chunk): void {
    this.#kept.delete(chunk)
  }
}

/** Of the events of an account: those after which it looks to others as before, and those before which nobody has seen it. */
const showsNoChange: ReadonlySet<string> = new Set([
  'UserRegistered',
  'GuestCreated',
  'PasswordChanged',
  'AllSessionsEnded',
  'ApiTokenCreated',
  'ApiTokenRevoked',
  'UserBlocked',
  'UserUnblocked',
])
