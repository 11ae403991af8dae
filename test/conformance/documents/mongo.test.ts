import { afterAll, describe, test } from 'vitest'
import { openMongoDocuments } from '../../../src/documents/mongo/open.ts'
import { printNotJudged, startMongo } from '../../support/mongodb/server.ts'
import { documentsSuite } from './suite.ts'

const server = await startMongo()

if (server === undefined) {
  describe.skip('documents on mongodb', () => {
    test('there is no MongoDB here', () => {})
  })
} else {
  printNotJudged(server)
  const url = server.url('conformance')
  documentsSuite(
    'mongodb',
    async () => {
      let documents = await openMongoDocuments({ url })
      return {
        documents,
        async reopen() {
          await documents.close()
          documents = await openMongoDocuments({ url })
          return documents
        },
        async remove() {
          for (const collection of await documents.collections()) await documents.dropCollection(collection)
          await documents.close()
        },
      }
    },
    { codePoints: server.process !== undefined },
  )
  afterAll(() => server.stop())
}
