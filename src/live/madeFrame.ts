// Frames as they go out: JSON, which may be put together of bytes that others are given too.

export interface MadeFrame {
  /** JSON of an object. */
  readonly text: string
  /** The same in UTF-8, one part after the other. */
  readonly parts: readonly Uint8Array[]
  /** Where the feed stands once it has been received; undefined where it cannot be gone on with. */
  readonly cursor: string | undefined
  /** Undefined where it cannot be cut between its events, or shows less than it should since something was behind. */
  readonly cuts?: FrameCuts | undefined
}

/** Where a frame can be cut between its events, which commas part. */
export interface FrameCuts {
  /** The whole frame, in UTF-8. */
  readonly bytes: Uint8Array
  /** Where each event begins. */
  readonly starts: readonly number[]
  /** Where the last of them ends. */
  readonly end: number
}

/** One that is put together of what exists already: nothing is copied. */
export class SplicedFrame implements MadeFrame {
  readonly parts: readonly Uint8Array[]
  readonly cursor: string | undefined

  constructor(parts: readonly Uint8Array[], cursor: string | undefined) {
    this.parts = parts
    this.cursor = cursor
  }

  get text(): string {
    return Buffer.concat(this.parts).toString()
  }
}

/** The same frame with `extensions` after all that it says. @param made one that has none */
export function withExtensions(made: MadeFrame, extensions: object): MadeFrame {
  const parts = [...made.parts]
  const last = parts.pop()
  if (!last) throw new Error('A frame without bytes cannot say anything more.')
  // In place of the bracket that ends the object.
  const end = Buffer.from(`,"extensions":${JSON.stringify(extensions)}}`)
  return new SplicedFrame([...parts, last.subarray(0, -1), end], made.cursor)
}
