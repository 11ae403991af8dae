// The proof that nothing is missing: in a conversation revisions are 0, 1, 2 … without holes.

/** An event of a conversation. One that stands for several says through which revision. */
export interface Numbered {
  readonly revision: number
  readonly throughRevision?: number
}

export type Seen =
  /** It is the next. */
  | { readonly kind: 'next' }
  /** It was there before. */
  | { readonly kind: 'repeat' }
  /** `from` to `through` are missing before it. */
  | { readonly kind: 'hole'; readonly from: number; readonly through: number }

export class Revisions {
  #next: number | undefined

  /** @param next the revision that comes next, where it is known; the first that comes tells it otherwise */
  constructor(next?: number) {
    this.#next = next
  }

  get next(): number | undefined {
    return this.#next
  }

  /** What an event is, by its number. Only one that is next counts as seen. */
  see(event: Numbered): Seen {
    const { revision, throughRevision = revision } = event
    const next = this.#next ?? revision
    if (throughRevision < next) return { kind: 'repeat' }
    if (revision > next) return { kind: 'hole', from: next, through: revision - 1 }
    this.#next = throughRevision + 1
    return { kind: 'next' }
  }

  /** The missing ones before this revision are given up. */
  skipTo(revision: number): void {
    this.#next = revision
  }

  /** Nothing is known any more: the next event tells where the numbers stand. */
  forget(): void {
    this.#next = undefined
  }
}
