// Frames that are made once for all who are told the same on one turn of the event loop.

import type { MadeFrame } from './madeFrame.ts'

/** How the frames of one follower are made; those with the same group would be given the same ones. */
export interface Making {
  readonly group: string
  make(payload: object): Promise<MadeFrame>
}

export class MadeTogether {
  readonly #made = new Map<object, Map<string, Promise<MadeFrame>>>()

  /**
   * It shows things as they are now, so it is kept until the end of this turn and no longer: who comes later has another one made.
   * @param shared the same object in all payloads that show the same
   */
  of(shared: object, payload: object, { group, make }: Making): Promise<MadeFrame> {
    const groups = this.#made.get(shared) ?? this.#begin(shared)
    const known = groups.get(group)
    if (known) return known
    const made = make(payload)
    groups.set(group, made)
    return made
  }

  #begin(shared: object): Map<string, Promise<MadeFrame>> {
    const groups = new Map<string, Promise<MadeFrame>>()
    this.#made.set(shared, groups)
    setImmediate(() => this.#made.delete(shared))
    return groups
  }
}
