// The generators of `resume` as the bench sees them: one holds those who drop out and come back, the other one those who stay and
// the sender, so that how late these are told holds nothing of what the others have to read.

import { startTaskProcess, type TaskProcess } from './processTasks.ts'

interface Tasks {
  /** Connects the followers of a room, and a sender. Nothing is being sent there. */
  readonly open: {
    readonly task: {
      readonly port: number
      readonly room: string
      readonly tokens: readonly string[]
      readonly followers: number
      /** Number of the next message. */
      readonly next: number
      /** Its revision, where followers check that each comes once and in order; others time each, and check that it comes once. */
      readonly revision?: number
    }
    readonly outcome: null
  }
  /** Sends so many messages as fast as it goes. */
  readonly fill: { readonly task: { readonly messages: number }; readonly outcome: null }
  /** Begins to send so many messages a second. */
  readonly begin: { readonly task: { readonly rate: number }; readonly outcome: null }
  /** From when each message was due to its delivery, in ms: of all deliveries since this was last asked. */
  readonly take: { readonly task: object; readonly outcome: readonly number[] }
  /** Ends sending. The outcome: how many messages there are. */
  readonly end: { readonly task: object; readonly outcome: number }
  /** Cuts all connections, and comes back with these cursors: one of each follower. Ends when all have what there was then. */
  readonly drop: {
    readonly task: {
      /** `next`: the revision that must come first. */
      readonly places: readonly { readonly after: string; readonly next: number }[]
      /** Revision of the newest message that they had missed. */
      readonly newest: number
    }
    readonly outcome: {
      /** Until the last connection was accepted, with its session. */
      readonly accepted: number
      readonly seconds: number
      /** Cores that the generator used itself. */
      readonly generatorCpu: number
    }
  }
  /** Waits until every follower has everything below this number, or revision. The outcome: what came twice, out of order, or not within 10 s. */
  readonly settle: { readonly task: { readonly below: number }; readonly outcome: number }
}

export type ResumeTask = { [K in keyof Tasks]: { readonly kind: K } & Tasks[K]['task'] }[keyof Tasks]
export type ResumeOutcome = Tasks[keyof Tasks]['outcome']

export interface ResumeGenerator extends Disposable {
  /** @throws with what went wrong there */
  perform<K extends keyof Tasks>(kind: K, task: Tasks[K]['task']): Promise<Tasks[K]['outcome']>
}

export function startResumeGenerator(): ResumeGenerator {
  const child: TaskProcess<object, ResumeOutcome> = startTaskProcess(new URL('./resumeGenerator.ts', import.meta.url))
  return {
    // A generator answers each task with the outcome of its kind.
    perform: <K extends keyof Tasks>(kind: K, task: Tasks[K]['task']) =>
      child.run({ kind, ...task }) as Promise<Tasks[K]['outcome']>,
    [Symbol.dispose]: () => child[Symbol.dispose](),
  }
}
