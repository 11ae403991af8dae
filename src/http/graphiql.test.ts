import { parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { checkPassword } from '../accounts/passwords.ts'
import { graphiqlTabs } from './graphiqlTabs.ts'
import { startTestServer } from './serverForTests.ts'

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

test('a browser gets GraphiQL, compressed and once', async () => {
  await using server = await startTestServer()
  const page = await fetch(server.url, { headers: { ...browser, 'accept-encoding': 'br' } })
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-encoding')).toBe('br')
  expect(Number(page.headers.get('content-length'))).toBeLessThan(3_000_000)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const html = await page.text()
  expect(html).toContain('YogaGraphiQL.renderYogaGraphiQL')
  expect(html).toContain('"subscriptionsProtocol":"WS"')
  expect(html).toContain('conversationFeed')
  expect(html.slice(0, html.indexOf('<body'))).toContain('.graphiql-tab { transform: none')
  // Nothing in it is fetched from elsewhere.
  expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="(?!data:)/)
  const etag = page.headers.get('etag') ?? ''
  const again = await fetch(server.url, { headers: { ...browser, 'accept-encoding': 'br', 'if-none-match': etag } })
  expect(again.status).toBe(304)
  const plain = await fetch(server.url, { headers: { ...browser, 'accept-encoding': 'identity' } })
  expect(await plain.text()).toBe(html)
})

test('programs get no page, and nobody does where it is off', async () => {
  await using server = await startTestServer()
  expect((await fetch(`${server.url}?query={hello}`)).headers.get('content-type')).toContain('application/json')
  await using off = await startTestServer({ config: { graphiql: false } })
  expect((await fetch(`${off.url}?query={hello}`, { headers: browser })).headers.get('content-type')).toContain(
    'application/json',
  )
})

test('the address of the server leads a browser there, and programs nowhere', async () => {
  await using server = await startTestServer()
  const root = new URL('/', server.url)
  const led = await fetch(root, { headers: browser, redirect: 'manual' })
  expect([led.status, led.headers.get('location')]).toEqual([302, '/graphql'])
  expect((await fetch(root)).status).toBe(404)
  await using off = await startTestServer({ config: { graphiql: false } })
  expect((await fetch(new URL('/', off.url), { headers: browser })).status).toBe(404)
})

test('the loop goes on while the page is made', async () => {
  await using server = await startTestServer()
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  await (await fetch(server.url, { headers: browser })).arrayBuffer()
  clearInterval(timer)
  expect(longest).toBeLessThan(250)
})

test('the tabs are documents that the schema allows, with a password that it takes', async () => {
  const documents = graphiqlTabs.map(({ query }) => parse(query))
  expect(documents).toHaveLength(6)
  for (const document of documents) expect(validate(schema, document)).toEqual([])
  for (const { query } of graphiqlTabs)
    for (const line of query.split('\n')) expect(line.length, line).toBeLessThanOrEqual(57)
  const [, username = '', password = ''] =
    /username: "(.+?)"\s+password: "(.+?)"/.exec(graphiqlTabs[0]?.query ?? '') ?? []
  expect(checkPassword(password, username)).toBeUndefined()
  for (const { headers } of graphiqlTabs.slice(1)) expect(JSON.parse(headers ?? '{}')).toHaveProperty('authorization')
})
