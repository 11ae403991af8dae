import { request } from 'node:http'
import { expect, test } from 'vitest'
import { clientAddress } from './clientAddress.ts'
import { startTestServer, type TestServer } from './serverForTests.ts'

const forwardedFor = (header: string) => {
  const asked = { headers: { 'x-forwarded-for': header }, socket: { remoteAddress: '::ffff:10.0.0.1' } }
  // Only these two are read of a request.
  return asked as unknown as Parameters<typeof clientAddress>[0]
}

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['198.51.100.9, 192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:5678', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:5678', '2001:db8::1'],
  ['198.51.100.9, nonsense', '10.0.0.1'],
  ['', '10.0.0.1'],
])('a trusted proxy that writes "%s" means %s', (header, address) => {
  expect(clientAddress(forwardedFor(header), { trustProxy: true })).toBe(address)
  expect(clientAddress(forwardedFor(header), { trustProxy: false })).toBe('10.0.0.1')
})

const metricsStatus = (server: TestServer, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(`${server.origin}/metrics`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })

test('what asks this machine by another name is not local: a silent proxy, or a page that turned its name here', async () => {
  await using server = await startTestServer()
  for (const host of ['localhost', 'localhost:4000', '127.0.0.1', '127.0.0.2:80', '[::1]', '[::1]:4000'])
    expect([host, await metricsStatus(server, host)]).toEqual([host, 200])
  for (const host of [
    'chat.example',
    '127.0.0.1.evil.example',
    '127.evil.example:80',
    'localhost.evil.example',
    '10.0.0.1',
  ])
    expect([host, await metricsStatus(server, host)]).toEqual([host, 403])
})
