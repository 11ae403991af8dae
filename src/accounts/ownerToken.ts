// The one-time token with which the server can be made somebody's own. In memory only: each start makes another one.

import { hashToken, matches, newSecret } from './tokens.ts'

export class OwnerToken {
  /** Shown to whoever started the server. */
  readonly text: string
  readonly #hash: string

  constructor() {
    this.text = newSecret()
    this.#hash = hashToken(this.text)
  }

  /** The time it takes does not depend on where they differ. */
  is(text: string): boolean {
    return matches(text, this.#hash)
  }
}
