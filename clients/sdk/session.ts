// Who is signed in, until it ends.

import { SessionEndedError } from './errors.ts'
import type { PersonFragment } from './generated/documents.ts'

interface SessionOptions {
  readonly token: string
  readonly user: PersonFragment
  /** Called once, when the server says that it is over. */
  readonly onEnd: () => void
}

export class Session {
  readonly token: string
  readonly user: PersonFragment
  readonly #onEnd: () => void
  #over = false

  constructor({ token, user, onEnd }: SessionOptions) {
    this.token = token
    this.user = user
    this.#onEnd = onEnd
  }

  get over(): boolean {
    return this.#over
  }

  /** The server has said so. */
  end(): void {
    if (this.#over) return
    this.#over = true
    this.#onEnd()
  }

  /** @throws {SessionEndedError} it is over */
  check(): void {
    if (this.#over) throw new SessionEndedError()
  }
}
