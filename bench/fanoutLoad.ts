// The generator of `fanout` as the bench sees it.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The server that is measured, and who follows what there. */
export interface Side {
  readonly kind: 'parley' | 'rawWs' | 'socketIo' | 'graphqlWs'
  readonly port: number
  readonly room: string
  /** Of sessions, used in turn; empty where there are none. */
  readonly tokens: readonly string[]
  readonly subscribers: number
}

export interface Counted {
  readonly deliveries: number
  readonly seconds: number
  /** Cores that the generator used itself. */
  readonly generatorCpu: number
}

export type FanoutTask =
  | { readonly kind: 'open'; readonly side: Side }
  | { readonly kind: 'run'; readonly window: number; readonly warmUpMs: number; readonly ms: number }

export type FanoutReply =
  | { readonly counting: boolean }
  | { readonly done: Counted | null }
  | { readonly failed: string }

export interface FanoutGenerator extends Disposable {
  /** @throws with what went wrong there */
  open(side: Side): Promise<void>
  /** @param onCounting called when counting begins, and when it ends */
  run(
    task: Omit<Extract<FanoutTask, { kind: 'run' }>, 'kind'>,
    onCounting: (counting: boolean) => void,
  ): Promise<Counted>
}

export function startFanoutGenerator(): FanoutGenerator {
  const child = fork(fileURLToPath(new URL('./fanoutGenerator.ts', import.meta.url)))
  let stopped = false
  const perform = (task: FanoutTask, onCounting: (counting: boolean) => void): Promise<Counted | null> =>
    new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('The load generator ended.'))
      const onMessage = (reply: FanoutReply): void => {
        if ('counting' in reply) {
          onCounting(reply.counting)
          return
        }
        child.off('message', onMessage)
        child.off('exit', onExit)
        if ('failed' in reply) reject(new Error(reply.failed))
        else resolve(reply.done)
      }
      child.on('message', onMessage)
      child.once('exit', onExit)
      child.send(task)
    })
  return {
    open: async (side) => void (await perform({ kind: 'open', side }, () => {})),
    run: async (task, onCounting) => {
      const counted = await perform({ kind: 'run', ...task }, onCounting)
      if (!counted) throw new Error('The load generator counted nothing.')
      return counted
    },
    [Symbol.dispose]: () => {
      if (stopped) return
      stopped = true
      child.disconnect()
    },
  }
}
