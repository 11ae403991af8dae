import { afterAll, describe, test } from 'vitest'
import { openMongoKeys } from '../../../src/keys/mongo.ts'
import { printNotJudged, startMongo } from '../../support/mongodb/server.ts'
import { keysSuite } from './suite.ts'

const server = await startMongo()

if (server === undefined) {
  describe.skip('mongodb: keys', () => {
    test('there is no MongoDB here', () => {})
  })
} else {
  printNotJudged(server)
  const url = server.url('sealed')
  keysSuite('mongodb', async () => {
    let keys = await openMongoKeys({ url })
    return {
      get keys() {
        return keys
      },
      async reopen() {
        await keys.close()
        keys = await openMongoKeys({ url })
        return keys
      },
      close: () => keys.close(),
    }
  })
  afterAll(() => server.stop())
}
