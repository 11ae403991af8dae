// Reading one's own writes: a read waits until the read models hold what it must see.

import type { Position } from '../eventstore/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'

/** How long a read waits, in ms. */
const patienceMs = 2_000

/** What the reads of one operation must see at least. It only ever rises. */
export class Consistency {
  readonly #models: ReadModels
  #atLeast: Position | undefined
  #written: Position | undefined
  #behind: boolean
  /** Where the read models stood when the operation began: what is read in it is at least as new. */
  readonly began: Position
  #waiting: Promise<unknown> | undefined
  readonly #listeners: (() => void)[] = []

  /** `unreachable`: the log itself does not reach `atLeast`, so that there is nothing to wait for. */
  constructor(models: ReadModels, atLeast?: Position, { unreachable = false } = {}) {
    this.#models = models
    this.began = models.checkpoint
    this.#atLeast = atLeast
    this.#behind = unreachable
  }

  get atLeast(): Position | undefined {
    return this.#atLeast
  }

  /** The newest of what the operation itself has written; never what its client has asked to see. */
  get written(): Position | undefined {
    return this.#written
  }

  /** From now on, reads see what stands here: the operation has written it. */
  raise(position: Position): void {
    if (this.#written === undefined || position > this.#written) this.#written = position
    if (this.#atLeast !== undefined && position <= this.#atLeast) return
    this.#atLeast = position
    this.#waiting = undefined
    for (const listener of this.#listeners) listener()
  }

  /** Called whenever reads must see more than before: what was read till then is old. */
  onRaise(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Call before a read. After 2 s it goes on all the same, and `behind` says so. */
  ready(): Promise<unknown> | undefined {
    const atLeast = this.#atLeast
    if (atLeast === undefined || atLeast <= this.#models.checkpoint || this.#behind) return undefined
    this.#waiting ??= this.#models.waitFor(atLeast, { timeoutMs: patienceMs }).then((reached) => {
      if (!reached) this.#behind = true
    })
    return this.#waiting
  }

  /** Where the read models stood, if a read had to answer without what it should have seen. */
  get behind(): Position | undefined {
    return this.#behind ? this.#models.checkpoint : undefined
  }
}
