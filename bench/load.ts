// The load generator as whoever measures sees it: a process of its own that is given tasks, one at a time.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Connect {
  readonly kind: 'connect'
  readonly graphql: string
  readonly ws: string
  readonly roomId: string
  /** One socket each. */
  readonly tokens: readonly string[]
  /** Whether each member follows the room's feed. */
  readonly feeds: boolean
}

/** Keeps so many sends under way. */
export interface Flood {
  readonly kind: 'flood'
  readonly underWay: number
  readonly ms: number
}

/** Sends at fixed times, whatever has been answered by then. */
export interface Steady {
  readonly kind: 'steady'
  /** Messages a second. */
  readonly rate: number
  readonly ms: number
  /** How long before that it sends at the same rate uncounted. */
  readonly warmUpMs: number
  /** How many of the messages a second are asked for, from their acknowledgement on, until a query shows them. */
  readonly askedPerSecond?: number
}

export type Task = Connect | Flood | Steady

export interface Flooded {
  /** Acknowledged a second. */
  readonly rate: number
  /** How late the generator's own event loop was, in ms. */
  readonly loopDelayP99: number
}

/** Times in ms, from the moment that a message was to be sent, where nothing else is said. */
export interface Measured {
  readonly ack: readonly number[]
  /** One for each member that follows the feed. */
  readonly delivery: readonly number[]
  /** From the acknowledgement to the answer of the first query that showed the message. */
  readonly visible: readonly number[]
  readonly visibleSinceDue: readonly number[]
  /** What those queries took. */
  readonly query: readonly number[]
  /** Acknowledgements and deliveries that had not come 10 s after the last message was sent. */
  readonly missing: number
  /** How late messages were sent. */
  readonly lateP99: number
  readonly loopDelayP99: number
}

export type Outcome<T extends Task> = T extends Flood ? Flooded : T extends Steady ? Measured : null

export type Reply = { readonly outcome: Flooded | Measured | null } | { readonly failed: string }

/** Beyond this the generator was what was measured, in ms. */
export const loopDelayLimit = 20
/** Later than timers of a process that has nothing to wait for, in ms. */
const worthSaying = 2

/** A sentence where the generator itself shows in what it measured. */
export function limitOf({ loopDelayP99, lateP99 }: Pick<Measured, 'loopDelayP99' | 'lateP99'>): string | undefined {
  const late = `it sent ${lateP99.toFixed(1)} ms late at p99, its event loop was ${loopDelayP99.toFixed(1)} ms late`
  if (Math.max(loopDelayP99, lateP99) > loopDelayLimit) return `The generator was the bottleneck: ${late}.`
  return lateP99 > worthSaying ? `The generator was held up: ${late}.` : undefined
}

export interface Generator extends Disposable {
  /** @throws with what went wrong there */
  run<T extends Task>(task: T): Promise<Outcome<T>>
}

export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)), { serialization: 'advanced' })
  let stopped = false
  return {
    run: <T extends Task>(task: T) =>
      new Promise<Outcome<T>>((resolve, reject) => {
        const onExit = () => reject(new Error('The load generator ended.'))
        child.once('exit', onExit)
        child.once('message', (reply: Reply) => {
          child.off('exit', onExit)
          if ('failed' in reply) reject(new Error(reply.failed))
          // A generator answers each task with the outcome of its kind, one at a time.
          else resolve(reply.outcome as Outcome<T>)
        })
        child.send(task)
      }),
    [Symbol.dispose]: () => {
      if (!stopped) child.kill()
      stopped = true
    },
  }
}
