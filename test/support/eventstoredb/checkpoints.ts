// When a filtered subscription is told how far it has come, and where that is. After the real server's version 24:
// EventStore/EventStore, src/EventStore.Core/Services/Transport/Enumerators/Enumerator.AllSubscriptionFiltered.cs and
// src/EventStore.Core/Services/SubscriptionsService.cs.

import { following, isBefore, type Place } from './places.ts'

/** Events of a page while it catches up, where the client gives no window. */
const defaultWindow = 32

export class Checkpoints {
  readonly #window: number
  readonly #interval: number
  /** The last event or checkpoint that was sent. */
  #sent: Place
  /** Where the page begins that is being read. */
  #pageStart: Place
  #inPage = 0
  #considered = 0
  #reported: Place | undefined

  constructor(options: { window: number; multiplier: number; begin: Place }) {
    this.#window = options.window || defaultWindow
    this.#interval = this.#window * Math.max(1, options.multiplier)
    this.#sent = options.begin
    this.#pageStart = options.begin
  }

  /** An event of the history was looked at, and was sent or was not. Returns the checkpoint to be sent after it. */
  caughtUpWith(event: Place, wanted: boolean): Place | undefined {
    if (wanted) this.#sent = event
    this.#inPage += 1
    if (this.#inPage < this.#window) return undefined
    this.#considered += this.#inPage
    const begin = this.#pageStart
    this.#startPage(following(event))
    if (this.#considered < this.#interval) return undefined
    this.#considered %= this.#interval
    return this.#mark(begin)
  }

  /** The history has ended: one is sent before the word that it is caught up. */
  goLive(): Place | undefined {
    this.#considered = 0
    return this.#mark(this.#pageStart)
  }

  /** An event came live. */
  live(event: Place, wanted: boolean): Place | undefined {
    if (wanted) this.#sent = event
    this.#considered += 1
    if (this.#considered < this.#interval) return undefined
    this.#considered = 0
    return this.#mark(event)
  }

  /** It could not keep up, and reads on from where it was. */
  fallBehind(): Place | undefined {
    this.#considered = 0
    this.#startPage(this.#sent)
    return this.#mark(this.#sent)
  }

  #startPage(begin: Place): void {
    this.#pageStart = begin
    this.#inPage = 0
  }

  /** The same is not said twice. */
  #mark(place: Place): Place | undefined {
    if (isBefore(this.#sent, place)) this.#sent = place
    const known = this.#reported
    if (known !== undefined && !isBefore(known, this.#sent)) return undefined
    this.#reported = this.#sent
    return this.#sent
  }
}
