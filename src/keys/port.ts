// The keys of sealed bodies, for engines of the log that cannot delete what was once written: what a person wrote is
// stored sealed, and forgetting it is removing its key. Keys are truth: they are in every backup, and nothing makes
// them again. Every engine keeps this contract, and test/conformance/keys/ holds each of them to it.

/** Of a key, in bytes. */
export const keyBytes = 32

export interface NewKey {
  /** The id of the event whose body it seals: a lower-case UUID. */
  readonly id: string
  /** `keyBytes` long. */
  readonly key: Uint8Array
}

/** What is known of an id: its key, or that the key has been removed. */
export type KnownKey = Uint8Array | 'removed'

export interface Keys {
  /**
   * Adds keys, and returns once they are durable. An id that is known keeps what it has, also when its key has been
   * removed: so each id is added once, however many nodes try at the same time.
   *
   * An engine of the log also learns from the answer which of its events have been seen before.
   *
   * @returns what was there already, for those ids that were known; empty when all of them are new
   * @throws {KeysUnavailable} some, all or none may have been added
   */
  add(keys: readonly NewKey[]): Promise<ReadonlyMap<string, KnownKey>>

  /**
   * The keys of these ids; those that are unknown or removed are not among them. Sees all that was added or removed
   * before, by whichever node.
   *
   * @throws {KeysUnavailable}
   */
  get(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>

  /**
   * Removes these keys for ever: when it returns they are in no file of the engine. The ids stay known. Unknown ones
   * and those removed before are skipped.
   *
   * @throws {KeysUnavailable} some, all or none may have been removed: remove them again
   */
  remove(ids: readonly string[]): Promise<void>

  /** Whether keys can be added; if not, a sentence that says what to do. */
  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string }

  /** Finishes what is under way, then lets go of the files or connections. */
  close(): Promise<void>
}

/** The keys cannot be read or written now. The message says what to do. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}
