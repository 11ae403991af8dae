// The generator of `fanout` and of the benches like it, as they see it.

import type { Kind, Subscribing } from './dialogues.ts'
import { startTaskProcess, type TaskProcess } from './processTasks.ts'

/** The server that is measured, and who follows what there. */
export interface Side {
  readonly kind: Kind
  readonly feed: Subscribing['feed']
  readonly port: number
  /** Subscribers, and messages, go to them in turn. */
  readonly rooms: readonly string[]
  /** Of sessions, used in turn; one empty text where there are none. */
  readonly tokens: readonly string[]
  readonly subscribers: number
  /** Different ones among the subscribers. */
  readonly documents: number
  /** Subscribers whose deliveries are timed: the first ones. */
  readonly timed: number
  /** Subscribers that stop reading once all are there: the last ones. */
  readonly stalled: number
}

export interface Counted {
  readonly deliveries: number
  readonly seconds: number
  /** Cores that the generator used itself. */
  readonly generatorCpu: number
  /** From sending to delivery, of those that are timed, in ms. */
  readonly delays: readonly number[]
}

/** Keeps so many messages under way: each is until all in its room have it who read. */
interface Run {
  readonly kind: 'run'
  readonly window: number
  readonly warmUpMs: number
  /** How long it counts. */
  readonly until: { readonly ms: number } | { readonly messages: number }
}

export type FanoutTask = { readonly kind: 'open'; readonly side: Side } | Run

/** What the generator says when it begins to count, and when it ends. */
export type FanoutNote = 'counting' | 'counted'

export interface FanoutGenerator extends Disposable {
  /** @throws with what went wrong there */
  open(side: Side): Promise<void>
  /** @param onNote called when counting begins, and when it ends */
  run(task: Omit<Run, 'kind'>, onNote?: (note: FanoutNote) => void): Promise<Counted>
}

export function startFanoutGenerator(): FanoutGenerator {
  const child: TaskProcess<FanoutTask, Counted | null> = startTaskProcess(
    new URL('./fanoutGenerator.ts', import.meta.url),
  )
  return {
    open: async (side) => void (await child.run({ kind: 'open', side })),
    run: async (task, onNote) => {
      // It says nothing else.
      const counted = await child.run({ kind: 'run', ...task }, (note) => onNote?.(note as FanoutNote))
      if (!counted) throw new Error('The load generator counted nothing.')
      return counted
    },
    [Symbol.dispose]: () => child[Symbol.dispose](),
  }
}
