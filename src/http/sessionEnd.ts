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
export function watchSession({ app: { sessions, server }, wheel, identity, onEnd }: WatchOptions): Disposable {
  let timer: Disposable | undefined
  let over = false
  const stop = (): void => {
    over = true
    timer?.[Symbol.dispose]()
    watching[Symbol.dispose]()
  }
  const end = (): void => {
    if (over) return
    stop()
    onEnd()
  }
  const watching = sessions.watch.watch(identity, end)
  const schedule = (): void => {
    const left = identity.deadline - server.now()
    timer = wheel.after(Math.min(left, longestWatch), left <= longestWatch ? end : schedule)
  }
  schedule()
  // It may have ended between being identified and being watched.
  if (sessions.watch.hasEnded(identity)) queueMicrotask(end)
  return { [Symbol.dispose]: stop }
}
