import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStoreDBClient } from '@eventstore/db-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEventStoreDb, startEventStoreDb } from './server.ts'
import { all, event, failure, isReal, ofWhat, revisions } from './serving.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-esdb-'))
const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]

/** A certificate for localhost that only those trust who are given it; false where openssl is absent. */
function certify(): boolean {
  const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  try {
    execFileSync('openssl', ['req', ...options, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const why = isReal ? 'the server is a real one' : certify() ? undefined : 'openssl is not there to make a certificate'

afterAll(() => rm(folder, { recursive: true }))

if (why !== undefined) {
  test.skip(`${ofWhat}: TLS and users are not tested, because ${why}`)
} else {
  describe(`${ofWhat}: TLS and users`, () => {
    let server: RunningEventStoreDb
    const clients: EventStoreDBClient[] = []

    beforeAll(async () => {
      const tls = { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
      const user = { name: 'ada', password: 'secret' }
      server = await startEventStoreDb({ folder, batchAppend: true, tls, user })
    })
    afterAll(async () => {
      for (const client of clients) await client.dispose()
      await server.stop()
    })

    function connect(user: string, options: string): EventStoreDBClient {
      const client = EventStoreDBClient.connectionString(`esdb://${user}localhost:${server.port}?tls=true${options}`)
      clients.push(client)
      return client
    }
    const trusting = `&tlsCAFile=${certificate}`

    test('who trusts the authority and is known may read and write', async () => {
      const client = connect('ada:secret@', trusting)
      await client.appendToStream('room', event())
      expect(await revisions(client.readStream('room'))).toEqual([0])
    })

    test('an authority that is not known makes the server unavailable', async () => {
      expect(await failure(connect('ada:secret@', '').appendToStream('room', event()))).toMatchObject({
        code: 14,
        message: expect.stringContaining('certificate'),
      })
    })

    // The client's appendToStream-errors.test.ts, "AccessDenied".
    test.each(['', 'ada:wrong@'])('others are refused (%s)', async (user) => {
      const client = connect(user, trusting)
      expect(await failure(client.appendToStream('room', event()))).toMatchObject({ type: 'access-denied' })
      expect(await failure(all(client.readStream('room')))).toMatchObject({ type: 'access-denied' })
    })
  })
}
