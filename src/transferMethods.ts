// What an export or a backup asks of a server, or of a log on which none runs.

import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { EventStore } from './eventstore/port.ts'
import { logProgress } from './logProgress.ts'
import type { Forgetting } from './processes/forgetting.ts'
import { linesOfLog } from './transfer/reading.ts'

type Method = (params: unknown, emit: (progress: object) => Promise<void>, signal: AbortSignal) => Promise<unknown>

const asked = z.object({
  after: z.object({ stream: z.string(), revision: z.number().int(), id: z.string() }).optional(),
})

/** Of the events that cannot be read, so many are named. */
const examples = 10

/** How long a backup waits until what is deleted now is forgotten, in ms. */
const forgettingMs = 20_000

export function transferMethodsOf({
  store,
  forgetting,
}: {
  readonly store: EventStore
  readonly forgetting?: Pick<Forgetting, 'idle'> | undefined
}): Readonly<Record<string, Method>> {
  const lines: Method = async (params, emit, signal) => {
    const { after } = asked.parse(params)
    const report = await logProgress(store, emit)
    const damaged: string[] = []
    let [events, unreadable] = [0, 0]
    for await (const part of linesOfLog({ store, after, signal })) {
      events += part.lines.length
      unreadable += part.damaged.length
      damaged.push(...part.damaged.slice(0, examples - damaged.length))
      await emit({ lines: part.lines })
      report({ events, position: part.position })
    }
    return { unreadable, examples: damaged }
  }
  const forgotten: Method = async (_params, _emit, signal) => {
    const late = sleep(forgettingMs, false, { signal })
    return { forgotten: await Promise.race([forgetting?.idle().then(() => true) ?? true, late]) }
  }
  return { 'log.lines': lines, 'log.forgotten': forgotten, 'log.end': async () => ({ position: await store.end() }) }
}
