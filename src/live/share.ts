// The part of the event loop that handing out takes: many are served, and whatever else there is to do is not kept waiting.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Turns } from './turns.ts'

/** So many are served in one turn of the event loop, which takes some 0.6 ms: what is asked meanwhile waits for so long. */
const few = 64
/** So many of all who hand out something: a message each to many small rooms holds the event loop no longer than one to a large one. */
const together = new Turns(512)
/** In one turn at most, in ms. */
const longest = 5
/** Where all else takes more than this while something is handed out, in ms, and more than that itself, the loop is busy. */
const busy = 5
/** How long it is left to all else then, in ms. */
const restMs = 40

/**
 * Serves a few in a turn; and where all else has taken longer since the last turn, as in a storm of clients that come back, for as
 * long as that took: whoever is served last is not kept waiting for long. In return it rests after that, so that more goes out at a time.
 */
export class Share {
  readonly #now: () => number
  #served = 0
  #began: number
  /** What all else took since the turn before, in ms. */
  #others = 0
  /** In the turns before this one, in ms. */
  #own = 0
  #elsewhere = 0

  constructor(now = () => performance.now()) {
    this.#now = now
    this.#began = now()
  }

  /** Something new is handed out: its turn begins now. */
  begin(): void {
    this.#served = 0
    this.#others = 0
    this.#own = 0
    this.#elsewhere = 0
    this.#began = this.#now()
  }

  /** Before the next one is served. A promise where that is to be in a later turn. */
  next(): Promise<void> | undefined {
    if (this.#served >= few && this.#now() - this.#began >= this.#others) return this.#giveWay(nextShare())
    const turn = together.take()
    if (turn) return this.#giveWay(turn)
    this.#served++
    return undefined
  }

  /** Once all have been served: a promise where the loop is busy with something else, and is to be left to that for a while. */
  rest(): Promise<void> | undefined {
    const own = this.#own + this.#now() - this.#began
    return this.#elsewhere > busy && this.#elsewhere > own ? this.#rested() : undefined
  }

  async #rested(): Promise<void> {
    await sleep(restMs)
    this.begin()
  }

  async #giveWay(turn: Promise<void>): Promise<void> {
    const ended = this.#now()
    this.#own += ended - this.#began
    await turn
    this.#began = this.#now()
    const others = this.#began - ended
    this.#elsewhere += others
    this.#others = Math.min(longest, others)
    this.#served = 1
  }
}

async function nextShare(): Promise<void> {
  await nextTurn()
  await together.take()
}
