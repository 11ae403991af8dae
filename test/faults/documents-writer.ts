// Run by documents-kill.test.ts and documents-full.test.ts: writes documents with a checkpoint until it is ended.
// Arguments: the folder, and how long each document's text is. Prints the checkpoint after each write.

import { DocumentsUnavailable } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import { write } from '../conformance/documents/suite.ts'

const [folder = '', length = '100'] = process.argv.slice(2)
const documents = await openSqliteDocuments({ folder })
await documents.createCollection('c')
const checkpoint = await documents.record('checkpoint')
const text = 'x'.repeat(Number(length))
try {
  for (let round = Number(checkpoint?.value.round ?? 0) + 1; ; round++) {
    const writes = Array.from({ length: 50 }, (_, n) => write('c', `id${n}`, round, { round, text: text.slice(n) }))
    const fresh = write('c', `fresh${round}`, round, { round, text })
    const version = (await documents.record('checkpoint'))?.version ?? 0
    await documents.write([...writes, fresh], [{ key: 'checkpoint', expectedVersion: version, value: { round } }])
    console.log(round)
  }
} catch (error) {
  if (!(error instanceof DocumentsUnavailable)) throw error
  const again = await documents.write([write('c', 'again', 1, { text })]).catch((error: unknown) => error)
  const read = await documents.get('c', ['id1'])
  console.log(
    JSON.stringify({
      health: documents.health(),
      refusedAgain: again instanceof DocumentsUnavailable,
      read: read.length,
    }),
  )
  await documents.close()
}
