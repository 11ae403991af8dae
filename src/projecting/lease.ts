// Only one node folds at a time: the one that holds the lease.

import { type Documents, RecordConflict } from '../documents/port.ts'
import { leaseKey } from './builds.ts'

interface LeaseOptions {
  readonly documents: Documents
  /** Names this node's life; another life of it is another holder. */
  readonly holder: string
  /** How long it lasts after the last renewal, in ms. */
  readonly lastsMs: number
  /** ms since 1970 */
  readonly clock: () => number
}

export class Lease {
  readonly #options: LeaseOptions
  #recordVersion = 0
  #until = 0

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  get held(): boolean {
    return this.#options.clock() < this.#until
  }

  /** Takes it where it is free, its time is over, or it is this node's own. */
  async take(): Promise<boolean> {
    const { documents, holder, clock } = this.#options
    const record = await documents.record(leaseKey)
    // `#write` wrote it.
    const value = record?.value as { readonly holder: string; readonly until: number } | undefined
    if (value !== undefined && value.holder !== holder && value.until > clock()) return false
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
