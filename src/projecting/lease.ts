// Only one node folds at a time: the one that holds the lease. It is there so that work is done once, not so that it is right:
// whoever folds without it is refused by the versions of what it writes.

import { type Documents, type RecordChange, RecordConflict, type VersionedRecord } from '../documents/port.ts'
import { leaseKey, leaseWantedKey } from './builds.ts'

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
  /** Another one's lease: by what it is known, and since when it has not been renewed, by this node's clock. */
  #watched: { readonly mark: string; readonly since: number } | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  get held(): boolean {
    return this.#options.clock() < this.#until
  }

  /** Takes it where it is free, its time is over, or it is this node's own, unless another node asks for it. */
  async take(): Promise<boolean> {
    const records = await this.#options.documents.records(leaseKey)
    const wanted = records.get(leaseWantedKey)
    if (this.#asksAnother(wanted)) return false
    const record = records.get(leaseKey)
    if (record !== undefined && !this.#isFree(record)) return false
    const taken = await this.#write(record?.version ?? 0)
    if (taken && wanted !== undefined)
      await this.#change({ key: leaseWantedKey, expectedVersion: wanted.version, value: undefined })
    return taken
  }

  /**
   * Makes it last longer when a third of its time is over.
   * @param options.letGo nothing is under way that must be done here: whoever asks for it may have it
   * @returns false when someone else has it, or is to have it
   */
  async renewInTime({ letGo }: { readonly letGo: boolean }): Promise<boolean> {
    const { documents, lastsMs, clock } = this.#options
    const left = this.#until - clock()
    if (left > (lastsMs * 2) / 3) return true
    // Its time is over: someone else may be about to take it.
    if (left <= 0) return this.take()
    if (letGo && this.#asksAnother(await documents.record(leaseWantedKey))) {
      await this.release()
      return false
    }
    return this.#write(this.#recordVersion)
  }

  /** Asks whoever has it to let go of it between two batches. It is heard when that one renews it, and holds as long as it would. */
  async ask(): Promise<void> {
    const { documents, holder, lastsMs, clock } = this.#options
    const expectedVersion = (await documents.record(leaseWantedKey))?.version ?? 0
    await this.#change({ key: leaseWantedKey, expectedVersion, value: { holder, until: clock() + lastsMs } })
  }

  /** Nothing is asked for any more: an asking may have crossed with the taking. */
  async askNoMore(): Promise<void> {
    const wanted = await this.#options.documents.record(leaseWantedKey)
    if (wanted === undefined || wanted.value.holder !== this.#options.holder) return
    await this.#change({ key: leaseWantedKey, expectedVersion: wanted.version, value: undefined })
  }

  /** Lets others have it at once. */
  async release(): Promise<void> {
    if (!this.held) return
    this.#until = 0
    await this.#change({ key: leaseKey, expectedVersion: this.#recordVersion, value: undefined })
  }

  #asksAnother(wanted: VersionedRecord | undefined): boolean {
    if (wanted === undefined) return false
    // `ask` wrote it.
    const { holder, until } = wanted.value as { readonly holder: string; readonly until: number }
    return holder !== this.#options.holder && until > this.#options.clock()
  }

  /** Judged by how long this node has seen nothing change: what the holder's clock says is believed only after a good while. */
  #isFree({ version, value }: VersionedRecord): boolean {
    const { holder, lastsMs, clock } = this.#options
    // `#write` wrote it.
    const { holder: other, until } = value as { readonly holder: string; readonly until: number }
    // Two processes never have the same data folder, so an earlier life of this node is over.
    if (nodeOf(other) === nodeOf(holder)) return true
    const now = clock()
    // Versions begin anew when it has been let go of.
    const mark = `${version} ${other} ${until}`
    if (this.#watched?.mark !== mark) this.#watched = { mark, since: now }
    return now - this.#watched.since >= lastsMs || now > until + toleratedSkew * lastsMs
  }

  async #write(expectedVersion: number): Promise<boolean> {
    const { holder, lastsMs, clock } = this.#options
    const until = clock() + lastsMs
    this.#until = 0
    if (!(await this.#change({ key: leaseKey, expectedVersion, value: { holder, until } }))) return false
    this.#recordVersion = expectedVersion + 1
    this.#until = until
    return true
  }

  /** @returns false where someone else was faster */
  async #change(change: RecordChange): Promise<boolean> {
    try {
      await this.#options.documents.write([], [change])
      return true
    } catch (error) {
      if (error instanceof RecordConflict) return false
      throw error
    }
  }
}

const nodeOf = (holder: string): string => holder.split('/')[0] ?? holder
