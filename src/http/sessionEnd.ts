// When a session ends: by an event of the log, or because its time is over.

import type { App } from '../../schema/context.ts'
import type { Identity } from '../accounts/sessions.ts'
import type { TimerWheel } from './timerWheel.ts'

interface WatchOptions {
  readonly app: Pick<App, 'sessions' | 'server'>
  readonly wheel: TimerWheel
  readonly identity: Identity
  readonly onEnd: () => void
}

/** Deadlines that are farther away are looked at again by then, so that a clock set anew is noticed. In ms. */
const longestWatch = 86_400_000

/** Calls back once, never before it has returned. Dispose to stop watching. */
export const watchSession = (options: WatchOptions): Disposable => new SessionWatch(options)

class SessionWatch implements Disposable {
  readonly #options: WatchOptions
  readonly #watching: Disposable
  #timer: Disposable | undefined
  #over = false

  constructor(options: WatchOptions) {
    const { app, identity } = options
    this.#options = options
    const end = (): void => this.#end()
    this.#watching = app.sessions.watch.watch(identity, end)
    this.#schedule(end)
    // It may have ended between being identified and being watched.
    if (app.sessions.watch.hasEnded(identity)) queueMicrotask(end)
  }

  [Symbol.dispose](): void {
    this.#over = true
    this.#timer?.[Symbol.dispose]()
    this.#watching[Symbol.dispose]()
  }

  #schedule(end: () => void): void {
    const { app, wheel, identity } = this.#options
    const left = identity.deadline - app.server.now()
    this.#timer = left <= longestWatch ? wheel.after(left, end) : wheel.after(longestWatch, () => this.#schedule(end))
  }

  #end(): void {
    if (this.#over) return
    this[Symbol.dispose]()
    this.#options.onEnd()
  }
}
