// Frames as server-sent events. One that goes to many is the same for all of them, its id too.

import type { MadeFrame } from '../live/madeFrame.ts'

const end = Buffer.from('\n\n')

export class EventBlocks {
  readonly #made = new WeakMap<MadeFrame, Uint8Array>()

  /** The event `next` with this frame, in UTF-8. A frame with a cursor has that as its id: a client that comes back names it. */
  of(frame: MadeFrame): Uint8Array {
    const known = this.#made.get(frame)
    if (known) return known
    const { cursor, parts } = frame
    const id = cursor === undefined ? '' : `id: ${cursor}\n`
    const block = Buffer.concat([Buffer.from(`${id}event: next\ndata: `), ...parts, end])
    this.#made.set(frame, block)
    return block
  }
}
