// The ids that were written lately, to recognise repeats that expect no revision. Kept in memory only, up to about 8 MB:
// like the real server's (IndexWriter.cs, `_committedEvents`; CommitedEventsMemCacheLimit), it knows nothing after a
// restart, and an id that is written into another stream is no longer known in the first.

const limit = 100_000

export class RecentIds {
  readonly #places = new Map<string, { readonly stream: string; readonly revision: number }>()

  add(stream: string, id: string, revision: number): void {
    this.#places.delete(id)
    this.#places.set(id, { stream, revision })
    if (this.#places.size <= limit) return
    const [oldest] = this.#places.keys()
    if (oldest !== undefined) this.#places.delete(oldest)
  }

  revisionOf(stream: string, id: string): number | undefined {
    const place = this.#places.get(id)
    return place?.stream === stream ? place.revision : undefined
  }
}
