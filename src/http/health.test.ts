import { expect, test } from 'vitest'
import { startTestServer } from './serverForTests.ts'

const forwarded = { headers: { 'x-forwarded-for': '203.0.113.7' } }

test('it lives and is ready; what is not ready says so with 503', async () => {
  let hearing = true
  await using server = await startTestServer({ hearing: () => hearing })
  expect((await fetch(`${server.origin}/livez`)).status).toBe(200)
  const ready = await fetch(`${server.origin}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }])
  hearing = false
  const deaf = await fetch(`${server.origin}/readyz?verbose`)
  expect([deaf.status, await deaf.json()]).toEqual([
    503,
    { status: 'not ready', dependencies: [{ name: 'event log', ready: false, detail: 'Follows the log.' }] },
  ])
  expect((await fetch(`${server.origin}/livez`)).status).toBe(200)
})

test('metrics and details are for this machine, for all, or for nobody', async () => {
  await using local = await startTestServer()
  await using open = await startTestServer({ metricsAccess: 'public' })
  await using off = await startTestServer({ metricsAccess: 'off' })
  expect((await fetch(`${local.origin}/metrics`)).status).toBe(200)
  expect((await fetch(`${local.origin}/metrics`, forwarded)).status).toBe(403)
  expect(await (await fetch(`${local.origin}/readyz?verbose`, forwarded)).json()).toEqual({ status: 'ready' })
  expect((await fetch(`${open.origin}/metrics`, forwarded)).status).toBe(200)
  expect((await fetch(`${off.origin}/metrics`)).status).toBe(404)
  expect((await fetch(`${local.origin}/metrics`, { method: 'POST' })).status).toBe(405)
})

test('metrics count operations by kind, transport and outcome', async () => {
  await using server = await startTestServer()
  for (const query of ['{hello}', '{hello}', '{fail}', '{nothing}'])
    await (await fetch(`${server.url}?query=${query}`)).text()
  const response = await fetch(`${server.origin}/metrics`)
  expect(response.headers.get('content-type')).toContain('text/plain')
  const text = await response.text()
  expect(text).toContain('parley_operations_total{kind="query",transport="http",outcome="ok"} 2')
  expect(text).toContain('parley_operations_total{kind="query",transport="http",outcome="error"} 1')
  expect(text).toContain('parley_operations_total{kind="unknown",transport="http",outcome="refused"} 1')
  expect(text).toContain('parley_projection_lag_seconds 1.5')
  expect(text).toContain('parley_events_appended_total 3')
  expect(text).toContain('nodejs_eventloop_lag_seconds')
})
