// Only one node folds at a time: the one that holds the lease. It is there so that work is done once, not so that it is right:
// whoever folds without it is refused by the versions of what it writes.

import { type Documents, RecordConflict, type VersionedRecord } from '../documents/port.ts'
import { leaseKey } from './builds.ts'

interface LeaseOptions {
  readonly documents: Documents
  /** Names this node's life, after the node and a slash: `node/life`. Another life of the same node is over. */
  readonly holder: string
  /** How long it lasts after the last renewal, in ms. */
  readonly lastsMs: number
  /** ms since 1970 */
  readonly clock: () => number
}

/** How far the clocks of two nodes may be apart, at most, as a multiple of the time that the lease lasts. */
const toleratedSkew = 2

export class Lease {
  readonly #options: LeaseOptions
  #recordVersion = 0
  #until = 0
  /** Another one's lease: its version, and since when it has not been renewed, by this node's clock. */
  #watched: { readonly version: number; readonly since: number } | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  get held(): boolean {
    return this.#options.clock() < this.#until
  }

  /** Takes it where it is free, its time is over, or it is this node's own. */
  async take(): Promise<boolean> {
    const record = await this.#options.documents.record(leaseKey)
    if (record !== undefined && !this.#isFree(record)) return false
    return this.#write(record?.version ?? 0)
  }

  /** Makes it last longer when a third of its time is over. @returns false when someone else has it */
  async renewInTime(): Promise<boolean> {
    const { lastsMs, clock } = this.#options
    const left = this.#until - clock()
    if (left > (lastsMs * 2) / 3) return true
    // Its time is over: someone else may be about to take it.
    if (left <= 0) return this.take()
    return this.#write(this.#recordVersion)
  }

  /** Lets others have it at once. */
  async release(): Promise<void> {
    if (!this.held) return
    this.#until = 0
    const expectedVersion = this.#recordVersion
    try {
      await this.#options.documents.write([], [{ key: leaseKey, expectedVersion, value: undefined }])
    } catch (error) {
      if (!(error instanceof RecordConflict)) throw error
    }
  }

  /** Judged by how long this node has seen nothing change: what the holder's clock says is believed only after a good while. */
  #isFree({ version, value }: VersionedRecord): boolean {
    const { holder, lastsMs, clock } = this.#options
    // `#write` wrote it.
    const { holder: other, until } = value as { readonly holder: string; readonly until: number }
    // Two processes never have the same data folder, so an earlier life of this node is over.
    if (nodeOf(other) === nodeOf(holder)) return true
    const now = clock()
    if (this.#watched?.version !== version) this.#watched = { version, since: now }
    return now - this.#watched.since >= lastsMs || now > until + toleratedSkew * lastsMs
  }

  async #write(expectedVersion: number): Promise<boolean> {
    const { documents, holder, lastsMs, clock } = this.#options
    const until = clock() + lastsMs
    try {
      await documents.write([], [{ key: leaseKey, expectedVersion, value: { holder, until } }])
    } catch (error) {
      this.#until = 0
      if (error instanceof RecordConflict) return false
      throw error
    }
    this.#recordVersion = expectedVersion + 1
    this.#until = until
    return true
  }
}

const nodeOf = (holder: string): string => holder.split('/')[0] ?? holder
