// The socket of a client: opened when the first feed wants one, and made anew, on another node if there is one, when it ends.

import type { Addresses } from './addresses.ts'
import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { type Ending, Link, type LinkTimes } from './link.ts'
import type { LossName, Notices } from './notices.ts'
import type { Session } from './session.ts'

interface ConnectionOptions {
  readonly addresses: Addresses
  readonly clock: Clock
  /** Times what the other side is given to answer. */
  readonly deadlines: Clock
  readonly session: Session
  readonly notices: Notices
  /** Aborts when the client is closed. */
  readonly signal: AbortSignal
  readonly times?: Partial<LinkTimes> | undefined
  readonly webSocket?: unknown
}

/** How a close code is called, and over how many ms at least those who come back are to be spread. */
const losses: Readonly<Record<number, { readonly name: LossName; readonly spreadMs: number }>> = {
  1012: { name: 'SERVER_RESTARTING', spreadMs: 3_000 },
  1013: { name: 'SERVER_UNAVAILABLE', spreadMs: 5_000 },
  4290: { name: 'TOO_SLOW', spreadMs: 0 },
  4291: { name: 'TOO_MANY_CONNECTIONS', spreadMs: 30_000 },
}

const sessionEnded = 4403

/** A network that is gone without a word is noticed within half a minute; browsers do not show the pings of the server. */
const usualTimes: LinkTimes = { connectMs: 10_000, pingMs: 20_000, pongMs: 10_000 }

export class Connection {
  readonly #options: ConnectionOptions
  readonly #backoff: Backoff
  #link: Promise<Link> | undefined
  #pauseMs = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#backoff = new Backoff({ clock: options.clock })
  }

  /**
   * The open socket, or the next one that opens.
   * @throws {SessionEndedError} nobody is signed in any more
   * @throws the signal's reason, once the client is closed
   */
  link(): Promise<Link> {
    this.#link ??= this.#connect()
    return this.#link
  }

  async #connect(): Promise<Link> {
    const { addresses, clock, deadlines, session, signal, notices, webSocket, times } = this.#options
    for (;;) {
      if (this.#pauseMs > 0) await clock.sleep(this.#pauseMs, signal)
      signal.throwIfAborted()
      session.check()
      const address = addresses.current
      const close = (): void => link.close()
      const link: Link = new Link({
        address,
        token: session.token,
        clock: deadlines,
        webSocket,
        times: { ...usualTimes, ...times },
        onEnd: (ending) => {
          signal.removeEventListener('abort', close)
          this.#lost(link, ending)
        },
      })
      signal.addEventListener('abort', close)
      if (!(await link.opened)) continue
      notices.report({ name: 'CONNECTED', address })
      return link
    }
  }

  #lost(link: Link, { code, wasOpen }: Ending): void {
    const { addresses, session, signal, notices } = this.#options
    // Whoever asks from now on gets the next one. Of one that never opened they wait for it already.
    if (wasOpen) this.#link = undefined
    if (signal.aborted) return
    if (code === sessionEnded) {
      session.end()
      return
    }
    // One that has served was no failure: the waits begin anew.
    if (link.heard) this.#backoff.reset()
    const loss = losses[code] ?? { name: wasOpen ? 'CONNECTION_LOST' : 'UNREACHABLE', spreadMs: 0 }
    // Another node need not be waited for as long as the one that is about to start again.
    const spreadMs = code === 1012 && addresses.count > 1 ? 500 : loss.spreadMs
    if (code !== 4290) addresses.avoid(link.address)
    this.#pauseMs = this.#backoff.next(spreadMs)
    notices.report({ name: loss.name, address: link.address, code, comesBackInMs: this.#pauseMs })
  }
}
