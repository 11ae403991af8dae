// Waits that can be cut short: when a device is back online nobody wants to wait for the next attempt.

import type { Clock } from './clock.ts'

export interface WakingClock extends Clock {
  /** Everything that sleeps now goes on. */
  wake(): void
}

export function wakingClock(clock: Clock): WakingClock {
  let waking = new AbortController()
  return {
    now: () => clock.now(),
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal ? AbortSignal.any([signal, waking.signal]) : waking.signal),
    wake: () => {
      waking.abort()
      waking = new AbortController()
    },
  }
}

/** What is used of a browser's window; of Node's globals there is no such thing. */
interface Online {
  addEventListener?(type: 'online', listener: () => void, options: { readonly signal: AbortSignal }): void
}

/** Wakes whenever the browser says that there is a network again, until the signal aborts. */
export function wakeWhenOnline(clock: WakingClock, signal: AbortSignal): void {
  // Types of Node know of no window.
  const { addEventListener } = globalThis as Online
  addEventListener?.call(globalThis, 'online', () => clock.wake(), { signal })
}
