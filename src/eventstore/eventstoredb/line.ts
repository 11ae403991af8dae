// What a subscription of the client brings, as one line: events, and marks that stand between them.
//
// The client hands events out through a buffer, but tells of checkpoints and of having caught up at once, while events
// that came before may still lie unread. So a mark is given its place: after as many events as have come so far.

import type { AllStreamResolvedEvent, AllStreamSubscription } from '@eventstore/db-client'
import type { Place } from './positions.ts'

type Mark =
  | { readonly kind: 'caughtUp' | 'fellBehind' }
  | { readonly kind: 'checkpoint'; readonly place: Place }
  | { readonly kind: 'broken'; readonly error: unknown }

export interface Taken {
  readonly events: readonly AllStreamResolvedEvent[]
  /** The newest of these marks up to here: whether the server has sent all there was, or can no longer keep up. */
  readonly caughtUp: boolean | undefined
  readonly checkpoint: Place | undefined
  /** Set when nothing more comes. */
  readonly broken: { readonly error: unknown } | undefined
}

export class Line {
  readonly #source: AllStreamSubscription
  readonly #marks: { readonly after: number; readonly mark: Mark }[] = []
  readonly #onChange: () => void
  #taken = 0
  /** Whether the server has said anything at all. */
  heard = false

  /** @param onChange called whenever there may be more to take; it takes note and returns */
  constructor(
    subscribe: (checkpointReached: (place: Place) => void) => AllStreamSubscription,
    { onChange, given }: { readonly onChange: () => void; readonly given: AbortSignal },
  ) {
    this.#onChange = onChange
    this.#source = subscribe((place) => this.#mark({ kind: 'checkpoint', place }))
    this.#source.on('readable', onChange)
    this.#source.on('confirmation', () => {
      this.heard = true
    })
    this.#source.on('caughtUp', () => this.#mark({ kind: 'caughtUp' }))
    this.#source.on('fellBehind', () => this.#mark({ kind: 'fellBehind' }))
    const broken = (error: unknown) => this.#mark({ kind: 'broken', error })
    // Stays to the last: an error that comes after the first one would otherwise end the process.
    this.#source.on('error', broken)
    this.#source.on('end', () => broken(new Error('The server ended the subscription.')))
    // Of a call that is cancelled on this side, the client says nothing.
    given.addEventListener('abort', () => broken(new Error('The connection was given up.')))
  }

  /** Events that can be taken at once. */
  get length(): number {
    return this.#source.readableLength
  }

  /** Whether the server has said that it sent all there was, after the events that can be taken. */
  get endsCaughtUp(): boolean {
    return (
      this.#marks.findLast(({ mark }) => mark.kind === 'caughtUp' || mark.kind === 'fellBehind')?.mark.kind ===
      'caughtUp'
    )
  }

  get isBroken(): boolean {
    return this.#marks.some(({ mark }) => mark.kind === 'broken')
  }

  /** The next events, at most so many, and the marks up to where they end. */
  take(limit: number): Taken {
    const events: AllStreamResolvedEvent[] = []
    while (events.length < limit) {
      const event: AllStreamResolvedEvent | null = this.#source.read()
      if (event === null) break
      events.push(event)
    }
    this.#taken += events.length
    let caughtUp: boolean | undefined
    let checkpoint: Place | undefined
    let broken: Taken['broken']
    for (let next = this.#marks[0]; next !== undefined && next.after <= this.#taken; next = this.#marks[0]) {
      this.#marks.shift()
      const { mark } = next
      if (mark.kind === 'checkpoint') checkpoint = mark.place
      else if (mark.kind === 'broken') broken = mark
      else caughtUp = mark.kind === 'caughtUp'
    }
    return { events, caughtUp, checkpoint, broken }
  }

  /** Tells the server to stop. */
  end(): void {
    this.#source.off('readable', this.#onChange)
    this.#source.unsubscribe().catch(() => {})
  }

  #mark(mark: Mark): void {
    this.heard = true
    this.#marks.push({ after: this.#taken + this.#source.readableLength, mark })
    // Of checkpoints in a row only the last one says anything.
    const [before, last] = this.#marks.slice(-2)
    if (last && before?.mark.kind === 'checkpoint' && mark.kind === 'checkpoint' && before.after === last.after) {
      this.#marks.splice(-2, 1)
    }
    this.#onChange()
  }
}
