import { serverAudits } from 'graphql-http'
import { afterAll, expect, test } from 'vitest'
import { startTestServer } from '../support/testServer.ts'

const server = await startTestServer()
afterAll(() => server[Symbol.asyncDispose]())

for (const audit of serverAudits({ url: () => server.graphql })) {
  test(`GraphQL over HTTP: ${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn()
    expect(result.status === 'ok' ? undefined : result.reason).toBeUndefined()
  })
}
