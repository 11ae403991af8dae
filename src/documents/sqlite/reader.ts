// A reader thread: answers one question after the other.

import { parentPort, workerData } from 'node:worker_threads'
import { sqliteCode } from './failure.ts'
import { openReading } from './file.ts'
import type { Answer, QuestionMessage } from './message.ts'
import { Statements } from './statements.ts'

const port = parentPort
if (!port) throw new Error('A reader runs in a worker thread.')
const database = openReading(String(workerData))
const statements = new Statements(database)

let deadline = 0
let rows = 0
let late = false

// Every query calls this for every row that it looks at: SQLite has no other way to be stopped from JavaScript.
database.function('alive', () => {
  if (++rows % 256 === 0 && performance.now() > deadline) {
    late = true
    throw new Error('late')
  }
  return 1
})

port.on('message', (question: QuestionMessage) => {
  deadline = performance.now() + question.milliseconds
  late = false
  port.postMessage(answer(question))
})

function answer({ sql, parameters, wanted }: QuestionMessage): Answer {
  try {
    if (wanted === 'number') return { kind: 'number', number: statements.number(sql, parameters) }
    const found = statements.rows(sql, parameters)
    return {
      kind: 'documents',
      rows: {
        ids: found.map((row) => row.id),
        revisions: found.map((row) => row.revision),
        positions: found.map((row) => row.position),
        // One text is cheaper to hand over than many.
        lastRow: found.at(-1)?.n ?? 0,
        json: `[${found.map((row) => (row.removed ? 'null' : row.doc)).join(',')}]`,
      },
    }
  } catch (error) {
    if (late) return { kind: 'tooSlow' }
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', reason, code: sqliteCode(error) }
  }
}
