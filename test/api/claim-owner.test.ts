import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../support/testServer.ts'

const password = 'correct horse battery'
const fields = 'position token user { id username serverRole } session { id current }'

/** The link that the server shows to whoever starts it. */
async function linkOf(server: ServerProcess): Promise<string | undefined> {
  // It is said right before the server says that it is ready; the two pipes need not keep their order.
  for (let tries = 0; tries < 50 && !server.log().includes('GraphQL:'); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  await new Promise((resolve) => setTimeout(resolve, 100))
  return /http\S+\/claim#token=\S+/.exec(server.log())?.[0]
}
const tokenOf = (link: string | undefined): string => link?.split('#token=')[1] ?? ''

test('the link of the start makes one owner; it is in no log file, new at each start, and gone after', async () => {
  const folder = await newFolder()
  const logFile = join(folder, 'parley.log')
  const env = { PARLEY_LOG_FILE: logFile, PARLEY_LOG_LEVEL: 'trace' }
  const first = await startServerProcess({ folder, env })
  const stale = await linkOf(first)
  expect(stale).toMatch(new RegExp(`^${first.url}/claim#token=[\\w-]{43}$`))
  await first.stop()

  await using server = await startServerProcess({ folder, env })
  const link = await linkOf(server)
  const anonymous = new ApiClient(server.graphql)
  const claim = (input: object) =>
    mutate(anonymous, 'claimOwner', { token: tokenOf(link), password, username: 'Grace', ...input }, fields)

  for (const token of [tokenOf(stale), '', 'x', tokenOf(link).slice(1), `${tokenOf(link)}A`])
    expect(await claim({ token }), token).toMatchObject({ __typename: 'UnauthenticatedError', field: 'token' })
  expect(await claim({ username: '@' })).toMatchObject({ __typename: 'ValidationError', field: 'username' })
  expect(await claim({ password: 'grace' })).toMatchObject({ __typename: 'ValidationError', field: 'password' })

  const results = await Promise.all(['Grace', 'carol'].map((username) => claim({ username })))
  expect(results.map(({ __typename }) => __typename).sort()).toEqual(['ClaimOwnerPayload', 'ConflictError'])
  const owner = results.find(({ token }) => token !== undefined)
  expect(owner).toMatchObject({ user: { serverRole: 'OWNER' }, session: { current: true } })
  const { viewer } = await new ApiClient(server.graphql, owner?.token).query('{ viewer { user { serverRole } } }')
  expect(viewer.user.serverRole).toBe('OWNER')
  expect(await claim({ username: 'mallory' })).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })

  const secrets = [tokenOf(stale), tokenOf(link), owner?.token ?? 'none', password]
  const logged = await readFile(logFile, 'utf8')
  expect(logged.length).toBeGreaterThan(100)
  for (const secret of secrets) expect(logged).not.toContain(secret)

  await server.stop()
  await using again = await startServerProcess({ folder, env })
  expect(await linkOf(again)).toBeUndefined()
})

test('only so many tokens can be tried from one address', async () => {
  await using server = await startServerProcess({ env: { PARLEY_RATE_LIMITS: 'on' } })
  const anonymous = new ApiClient(server.graphql)
  const asked = { token: 'x', username: 'grace', password }
  const tried = await Promise.all(Array.from({ length: 15 }, () => mutate(anonymous, 'claimOwner', asked)))
  const codes = tried.map(({ code }) => code)
  expect(codes.filter((code) => code === 'UNAUTHENTICATED').length).toBeGreaterThanOrEqual(10)
  expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(0)
})

test('an owner made on the command line of the running server makes the link void', async () => {
  await using server = await startServerProcess()
  const token = tokenOf(await linkOf(server))
  const made = await parley([
    'user',
    'create',
    'grace',
    '--role',
    'owner',
    '--generate-password',
    '--json',
    '--data',
    server.folder,
  ])
  expect(made).toMatchObject({ code: 0 })
  const { user, password: generated } = JSON.parse(made.stdout)
  expect(user).toMatchObject({ username: 'grace', serverRole: 'OWNER' })
  const anonymous = new ApiClient(server.graphql)
  expect(await mutate(anonymous, 'login', { username: 'grace', password: generated }, 'user { id }')).toMatchObject({
    user: { id: user.id },
  })
  expect(await mutate(anonymous, 'claimOwner', { token, username: 'carol', password })).toMatchObject({
    __typename: 'ConflictError',
  })
})

test('the page of the link needs nothing from elsewhere, and is for nobody to frame', async () => {
  await using server = await startServerProcess()
  const response = await fetch(`${server.url}/claim`)
  expect(response.status).toBe(200)
  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  expect(response.headers.get('cache-control')).toBe('no-store')
  const page = await response.text()
  expect(page).toContain('<form')
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
  expect((await fetch(`${server.url}/claim`, { method: 'POST' })).status).toBe(405)
})
