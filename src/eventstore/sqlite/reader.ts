// The thread that reads, so that reading delays neither appends nor the main thread. Each page is a statement of its
// own: a snapshot that stays open would keep the WAL from being emptied.

import { parentPort, workerData } from 'node:worker_threads'
import { isDamage, readFailure } from './failure.ts'
import { Pages } from './pages.ts'
import type { FromReader, ToReader, WorkerSettings } from './protocol.ts'
import { connectReader } from './schema.ts'

const port = parentPort
if (port === null) throw new Error('reader.ts is a worker thread.')
const { folder } = workerData as WorkerSettings // made by reading.ts
const database = connectReader(folder)
const pages = new Pages(database)

const say = (message: FromReader): void => port.postMessage(message)

port.on('message', (message: ToReader) => {
  if (message.kind === 'close') {
    database.close()
    say({ kind: 'closed' })
    port.close()
    return
  }
  try {
    const { call, request, asText } = message
    if (asText && request.kind === 'all' && !request.backwards) {
      say({ kind: 'text', call, text: pages.text(request.after, request.limit) })
    } else say({ kind: 'page', call, rows: pages.page(request) })
  } catch (error) {
    say({ kind: 'refused', call: message.call, reason: readFailure(error, folder), damaged: isDamage(error) })
  }
})

say({ kind: 'ready' })
