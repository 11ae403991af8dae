// The writer thread: the one connection that changes the file.

import { setTimeout as after } from 'node:timers/promises'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Applier } from './apply.ts'
import { outcomeOf } from './failure.ts'
import { openWriting } from './file.ts'
import type { FromWriter, Outcome, Task, TaskMessage, WriteTask } from './message.ts'

/** Bytes of JSON in one transaction, at most, unless one call alone has more. */
const bytesTogether = 64_000_000
/**
 * Pages in the write-ahead log before it is copied into the file. Random ids touch most pages of their index again and
 * again, so a long log copies each of them less often (measured with 10⁶ documents, 10,000 a call: 86,000 a second
 * against 64,000); but live writes wait for the copying, so theirs is short.
 */
const logPages = { live: 1_000, filling: 16_000 } as const
/** How long readers may keep the write-ahead log from being emptied, in ms. */
const scrubPatience = 30_000

const port = parentPort
if (!port) throw new Error('The writer runs in a worker thread.')
const database = openWriting(String(workerData))
const applier = new Applier(database, (collection, memory) =>
  port.postMessage({ kind: 'rowTable', collection, memory } satisfies FromWriter),
)

let logged: keyof typeof logPages | undefined

const answer = (id: number, outcome: Outcome) => port.postMessage({ kind: 'outcome', id, outcome } satisfies FromWriter)

// Everything that has come while the last transaction ran is written in the next one.
port.on('message', (first: TaskMessage) => {
  let writes: { id: number; task: WriteTask }[] = []
  let bytes = 0
  for (let message: TaskMessage | undefined = first; message; message = receiveMessageOnPort(port)?.message) {
    const { id, task }: TaskMessage = message
    if (task.kind === 'write') {
      writes.push({ id, task })
      bytes += bytesOf(task)
      if (bytes < bytesTogether) continue
    }
    write(writes)
    writes = []
    bytes = 0
    if (task.kind !== 'write') carryOut(id, task)
  }
  write(writes)
})

function write(waiting: readonly { id: number; task: WriteTask }[]): void {
  if (waiting.length === 0) return
  try {
    adaptLog(applier.filling ? 'filling' : 'live')
    const outcomes = applier.write(waiting.map(({ task }) => task))
    for (const [i, { id }] of waiting.entries()) answer(id, outcomes[i] ?? { kind: 'done' })
  } catch (error) {
    for (const { id } of waiting) answer(id, outcomeOf(error))
  }
}

const bytesOf = (task: WriteTask) => task.rows.reduce((sum, { json }) => sum + json.byteLength, 0)

function adaptLog(wanted: keyof typeof logPages): void {
  if (logged === wanted) return
  logged = wanted
  database.exec(`PRAGMA wal_autocheckpoint = ${logPages[wanted]}`)
}

function carryOut(id: number, task: Exclude<Task, WriteTask>): void {
  try {
    switch (task.kind) {
      case 'createCollection':
        applier.createCollection(task.collection, task.toBeFilled)
        break
      case 'createIndexes':
        applier.createIndexes(task.collection, task.indexes)
        break
      case 'dropCollection':
        if (!applier.dropCollection(task.collection)) break
        void emptyLog(id)
        return
      case 'scrub':
        applier.cleanIndexes()
        void emptyLog(id)
        return
      case 'close':
        database.close()
        answer(id, { kind: 'done' })
        port?.close()
        return
      default:
        task satisfies never
    }
    answer(id, { kind: 'done' })
  } catch (error) {
    answer(id, outcomeOf(error))
  }
}

/** Tries until no reader is in the way; writes go on in between. */
async function emptyLog(id: number): Promise<void> {
  const until = performance.now() + scrubPatience
  try {
    while (!applier.truncateLog()) {
      if (performance.now() > until) {
        const reason = 'The write-ahead log of documents.db is in use by another program and cannot be emptied. End it.'
        return answer(id, { kind: 'unavailable', reason, lasting: false })
      }
      await after(20)
    }
    answer(id, { kind: 'done' })
  } catch (error) {
    answer(id, outcomeOf(error))
  }
}
