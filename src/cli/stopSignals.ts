// SIGINT and SIGTERM, for what has to be ended with care.

/** A second signal within this time after the first is the same wish: npm and a terminal both pass Ctrl-C on. In ms. */
const sameWish = 1_000

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<void>
  readonly asked: boolean
  /** Signals do again what they usually do. */
  dispose(): void
}

export interface StopSignalsOptions {
  /** A later signal: somebody does not want to wait. */
  readonly onForce: () => void
  /** Which signals ask to stop. */
  readonly signals?: readonly NodeJS.Signals[]
  readonly source?: Pick<NodeJS.EventEmitter, 'on' | 'off'>
  /** Milliseconds from any fixed moment. */
  readonly now?: () => number
}

export function stopSignals({
  onForce,
  signals = ['SIGINT', 'SIGTERM', 'SIGHUP'],
  source = process,
  now = () => performance.now(),
}: StopSignalsOptions): StopSignals {
  const { promise, resolve } = Promise.withResolvers<void>()
  let askedAt: number | undefined
  const onSignal = () => {
    if (askedAt === undefined) {
      askedAt = now()
      resolve()
    } else if (now() - askedAt >= sameWish) onForce()
  }
  for (const signal of signals) source.on(signal, onSignal)
  return {
    first: promise,
    get asked() {
      return askedAt !== undefined
    },
    dispose: () => {
      for (const signal of signals) source.off(signal, onSignal)
    },
  }
}
