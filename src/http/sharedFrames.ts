// Frames that are executed once for all who are to see the same.

import type { Frame } from './frame.ts'

export class SharedFrames {
  readonly #made = new Map<object, Map<string, Promise<Frame>>>()

  /**
   * The frame of this content for a group, made by the first who asks. It shows things as they are now, so it is kept until the
   * end of this turn of the event loop and no longer: who comes later has another one made.
   */
  frame(content: object, group: string, make: () => Promise<Frame>): Promise<Frame> {
    const groups = this.#made.get(content) ?? this.#begin(content)
    const known = groups.get(group)
    if (known) return known
    const made = make()
    groups.set(group, made)
    return made
  }

  #begin(content: object): Map<string, Promise<Frame>> {
    const groups = new Map<string, Promise<Frame>>()
    this.#made.set(content, groups)
    setImmediate(() => this.#made.delete(content))
    return groups
  }
}
