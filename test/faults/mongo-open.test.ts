// What is wrong with a MongoDB, or with its address, is found at the start.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { MongoClient } from 'mongodb'
import { afterAll, expect, test } from 'vitest'
import { openMongoDocuments } from '../../src/documents/mongo/open.ts'
import { CannotOpen } from '../../src/eventstore/port.ts'
import { openMongoKeys } from '../../src/keys/mongo.ts'
import { startMongo } from '../support/mongodb/server.ts'

const server = await startMongo()
const alone = await startMongo({ standalone: true })
afterAll(async () => {
  await server?.stop()
  await alone?.stop()
})
const withServer = test.skipIf(server === undefined)

async function refusal(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(String, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(CannotOpen)
  return String(error)
}

const open = (url: string) => refusal(openMongoDocuments({ url }))

async function inDatabase(url: string, work: (client: MongoClient) => Promise<unknown>): Promise<void> {
  const client = new MongoClient(url, { writeConcern: { w: 'majority', journal: true } })
  await work(client)
  await client.close()
}

test('an address that cannot be understood is refused with an example, and without its password', async () => {
  expect(await open('localhost:27017')).toMatch(/PARLEY_DOCUMENTS is no address .* Write it as mongodb:/)
  expect(await open('mongodb://host:port/parley')).toMatch(/is no address/)
  expect(await open('mongodb://127.0.0.1/parley?noSuchOption=1')).toMatch(/nosuchoption/i)
  const withPassword = await open('mongodb://ada:s3cret-word@127.0.0.1:99999/parley')
  expect(withPassword).toMatch(/is no address/)
  expect(withPassword).not.toContain('s3cret-word')
})

test('where nobody listens, it says so within 5 s, with the address and without the password', async () => {
  const listener = createTcpServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' ? address?.port : undefined
  listener.close()
  const began = performance.now()
  const refused = await open(`mongodb://ada:s3cret-word@127.0.0.1:${port}/parley?directConnection=true`)
  expect(performance.now() - began).toBeLessThan(5_000)
  expect(refused).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} cannot be reached .*ECONNREFUSED.* PARLEY_DOCUMENTS`))
  expect(refused).not.toContain('s3cret-word')
  expect(await open('mongodb://no-such-host.invalid/parley')).toMatch(/no-such-host\.invalid:27017 cannot be reached/)
}, 20_000)

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
})()

test.skipIf(!hasOpenssl)(
  'a certificate of an unknown authority is refused, and where to name the authority is said',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-tls-'))
    const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1']
    execFileSync('openssl', [...request, '-keyout', keyFile, '-out', certificateFile], { stdio: 'ignore' })
    const listener = createServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) })
    listener.on('tlsClientError', () => {})
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = listener.address()
    const port = typeof address === 'object' ? address?.port : undefined
    expect(await open(`mongodb://127.0.0.1:${port}/parley?tls=true&directConnection=true`)).toMatch(
      /cannot be reached by TLS \(self-signed certificate.*\)\. .*tlsCAFile=FILE/,
    )
    listener.close()
    rmSync(folder, { recursive: true })
  },
)

test.skipIf(alone === undefined)('a MongoDB that is no replica set is refused, with how to make it one', async () => {
  expect(await open(alone?.url() ?? '')).toMatch(/is no replica set\. .*--replSet rs0, then run rs\.initiate\(\)/)
})

withServer('a database of another application is left alone', async () => {
  const url = server?.url('shop') ?? ''
  await inDatabase(url, (client) => client.db().collection('orders').insertOne({ tea: 2 }))
  expect(await open(url)).toMatch(/shop .*holds data of another application \(orders\)\. Name another one/)
  await inDatabase(url, async (client) => {
    const names = await client.db().listCollections({}, { nameOnly: true }).toArray()
    expect(names.map(({ name }) => name)).toEqual(['orders'])
  })
})

withServer('a database of a newer version, or with other contents, is refused', async () => {
  const url = server?.url('newer') ?? ''
  await (await openMongoDocuments({ url })).close()
  const meta = (client: MongoClient) => client.db().collection<{ _id: string }>('parley.meta')
  await inDatabase(url, (client) => meta(client).updateOne({ _id: 'parley' }, { $set: { version: 2 } }))
  expect(await open(url)).toMatch(/written by a newer version of Parley\. Start that version\./)
  const [origin = '', query = ''] = url.split(/(?=\?)/)
  await (await openMongoKeys({ url })).close()
  expect(await open(`${origin}_keys${query}`)).toMatch(/does not hold Parley's read models, but keys/)
})

withServer('several nodes may open an empty database at once', async () => {
  const url = server?.url('fresh') ?? ''
  const opened = await Promise.all(Array.from({ length: 6 }, () => openMongoDocuments({ url })))
  await opened[0]?.write([], [{ key: 'a', expectedVersion: 0, value: { b: 1 } }])
  for (const documents of opened) expect(await documents.record('a')).toEqual({ version: 1, value: { b: 1 } })
  for (const documents of opened) await documents.close()
})

withServer('the database is the one that the address names, else parley', async () => {
  const { origin = '' } = server ?? {}
  const query = server?.process === undefined ? '' : '/?directConnection=true'
  if (server?.process === undefined) return
  await (await openMongoDocuments({ url: `${origin}${query}` })).close()
  await (await openMongoKeys({ url: `${origin}${query}` })).close()
  await inDatabase(`${origin}${query}`, async (client) => {
    const { databases } = await client.db().admin().listDatabases()
    expect(databases.map(({ name }) => name)).toEqual(expect.arrayContaining(['parley', 'parley_keys']))
  })
})
