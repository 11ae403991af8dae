// A load generator as a process of its own, which is given tasks one at a time.

import { fork } from 'node:child_process'

type Reply<Outcome> = { readonly note: string } | { readonly outcome: Outcome } | { readonly failed: string }

export interface TaskProcess<Task, Outcome> extends Disposable {
  /**
   * @param onNote called with what it says meanwhile
   * @throws with what went wrong there
   */
  run(task: Task, onNote?: (note: string) => void): Promise<Outcome>
}

/** @param file its module, which calls `performTasks` with the same types */
export function startTaskProcess<Task extends object, Outcome>(file: URL): TaskProcess<Task, Outcome> {
  const child = fork(file, { serialization: 'advanced' })
  return {
    run: (task, onNote) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error('The load generator ended.'))
        const onMessage = (reply: Reply<Outcome>): void => {
          if ('note' in reply) {
            onNote?.(reply.note)
            return
          }
          child.off('message', onMessage)
          child.off('exit', onExit)
          if ('failed' in reply) reject(new Error(reply.failed))
          else resolve(reply.outcome)
        }
        child.on('message', onMessage)
        child.once('exit', onExit)
        child.send(task)
      }),
    [Symbol.dispose]: () => {
      if (child.connected) child.disconnect()
    },
  }
}

/** For the process itself: it ends when whoever started it disposes of it. */
export function performTasks<Task, Outcome>(perform: (task: Task) => Promise<Outcome>): void {
  const answer = (reply: Reply<Outcome>) => process.send?.(reply)
  process.on('message', (task: Task) => {
    perform(task).then(
      (outcome) => answer({ outcome }),
      (error: Error) => answer({ failed: error.message }),
    )
  })
  process.on('disconnect', () => process.exit())
}

/** For the process itself: tells whoever gave the task. */
export const note = (text: string): void => void process.send?.({ note: text })
