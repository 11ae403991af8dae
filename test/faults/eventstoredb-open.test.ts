// What is wrong with an EventStoreDB is found when it is opened, and said so that somebody can act on it.

import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CannotOpen } from '../../src/eventstore/port.ts'
import { newPrefix, openStore, type StoreOptions } from '../conformance/eventstore/eventstoredbStore.ts'
import { event } from '../conformance/eventstore/samples.ts'
import { type RunningEventStoreDb, startEventStoreDb } from '../support/eventstoredb/server.ts'

let folder: string
let server: RunningEventStoreDb

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
  server = await startEventStoreDb({ folder, batchAppend: true })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

async function refused(options: StoreOptions, ...sentences: string[]): Promise<void> {
  const began = performance.now()
  const opened = await openStore(options).catch((error: unknown) => error)
  expect(opened).toBeInstanceOf(CannotOpen)
  for (const sentence of sentences) expect(opened).toMatchObject({ message: expect.stringContaining(sentence) })
  expect(performance.now() - began).toBeLessThan(12_000)
}

const listening = (server: { listen(port: number, host: string, then: () => void): unknown; address(): unknown }) =>
  new Promise<number>(
    (resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)), // it listens on a port
  )

test('nothing listens there', async () => {
  const other = createTcpServer()
  const port = await listening(other)
  await new Promise((resolve) => other.close(resolve))
  await refused({ connectionString: `esdb://127.0.0.1:${port}?tls=false` }, `127.0.0.1:${port}`, 'Check that it runs')
})

test('a host that is not known', async () => {
  await refused({ connectionString: 'esdb://no-such-host.invalid:2113?tls=false' }, 'no-such-host.invalid', 'host')
})

test('something listens and never answers', async () => {
  const silent = createTcpServer(() => {})
  const port = await listening(silent)
  await refused({ connectionString: `esdb://127.0.0.1:${port}?tls=false` }, 'does not answer')
  silent.close()
})

test('a web server', async () => {
  const web = createServer((_, response) => response.end('<html></html>'))
  const port = await listening(web)
  await refused({ connectionString: `esdb://127.0.0.1:${port}?tls=false` }, `127.0.0.1:${port}`, 'Check')
  web.close()
})

test('TLS where the server has none', async () => {
  await refused({ connectionString: `esdb://localhost:${server.port}` }, 'tls=false')
})

test('the address is looked at before anything is connected to', async () => {
  await refused({ connectionString: `esdb://ada:secret@127.0.0.1:${server.port}?tls=false` }, 'tls=false')
  await refused({ connectionString: 'mongodb://127.0.0.1' }, 'esdb://')
  await refused({ ...server, prefix: '' }, 'PARLEY_STREAM_PREFIX')
})

test('streams of another application under the prefix', async () => {
  const prefix = newPrefix()
  const client = EventStoreDBClient.connectionString(server.connectionString)
  await client.appendToStream(`${prefix}orders-1`, jsonEvent({ type: 'OrderPlaced', data: {} }))
  await client.dispose()
  await refused({ ...server, prefix }, `"${prefix}"`, 'Choose another PARLEY_STREAM_PREFIX')
})

test('a log of a newer version, and something else where the log is marked', async () => {
  const client = EventStoreDBClient.connectionString(server.connectionString)
  const [newer, other] = [newPrefix(), newPrefix()]
  await client.appendToStream(`~${newer}`, jsonEvent({ type: 'ParleyLog', data: { form: 99 } }))
  await client.appendToStream(`~${other}`, jsonEvent({ type: 'Something', data: {} }))
  await client.dispose()
  await refused({ ...server, prefix: newer }, 'newer Parley')
  await refused({ ...server, prefix: other }, "is not Parley's")
})

test('ERASE: keys of another log, with which every text would look forgotten', async () => {
  await using opened = await openStore(server)
  await opened.store.append('room-1', [event()], 'none')
  await refused({ ...server, prefix: opened.prefix }, 'keys', 'backup')
})

test('two that open an empty log at the same moment agree on it', async () => {
  await using opened = await openStore(server)
  const nodes = await Promise.all([opened.another(), opened.another(), opened.another()])
  await nodes[2]?.append('room-1', [event()], 'none')
  expect((await nodes[0]?.head('room-1'))?.revision).toBe(0)
})

/** A certificate that only those trust who are given it; false where openssl is absent. */
function certify({ key, certificate, host }: { key: string; certificate: string; host: string }): boolean {
  const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
  try {
    execFileSync('openssl', ['req', ...options, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('TLS and users: an unknown authority, a wrong host, wrong and missing credentials', async ({ skip }) => {
  const files = await mkdtemp(join(tmpdir(), 'parley-tls-'))
  const [key, certificate] = [join(files, 'key.pem'), join(files, 'certificate.pem')]
  if (!certify({ key, certificate, host: 'localhost' })) skip('openssl is not there to make a certificate')
  const tls = { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') }
  const user = { name: 'ada', password: 'p@ss:word' }
  const secure = await startEventStoreDb({ folder: join(files, 'log'), batchAppend: true, tls, user })
  const at = (credentials: string, options = `?tlsCAFile=${certificate}`) => ({
    connectionString: `esdb://${credentials}localhost:${secure.port}${options}`,
  })
  await refused(at('ada:p%40ss%3Aword@', ''), 'tlsCAFile=')
  await refused(at('ada:wrong@'), 'refuses access', '$admins')
  await refused(at(''), 'refuses access')
  await refused(at('', '?tls=false'), 'TLS')
  {
    await using opened = await openStore(at('ada:p%40ss%3Aword@'))
    expect(await opened.store.append('room-1', [event()], 'none')).toMatchObject({ revision: 0 })
  }
  await secure.stop()
  certify({ key, certificate, host: 'elsewhere.example' })
  const elsewhere = { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') }
  const misnamed = await startEventStoreDb({ folder: join(files, 'log'), batchAppend: true, tls: elsewhere })
  await refused({ connectionString: `esdb://localhost:${misnamed.port}?tlsCAFile=${certificate}` }, 'another host')
  await misnamed.stop()
  await rm(files, { recursive: true })
}, 60_000)
