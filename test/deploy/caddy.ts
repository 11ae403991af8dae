// The proxy as it is configured for Docker Compose, in front of servers of the tests.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { freePort } from '../support/redisServer.ts'
import { installed, ownFolder, text } from './deployFiles.ts'

/** Why the tests of the proxy cannot run here; undefined where they can. */
export const caddyAbsent = installed('caddy', 'version') ? undefined : 'caddy is not installed here'

const patience = { timeout: 10_000, interval: 50 }

/**
 * Runs Caddy with the file of the repository until the test has ended.
 * @param servers their addresses
 * @returns where it listens, once it leads to one of them
 */
export async function proxyOf(...servers: readonly string[]): Promise<string> {
  const folder = ownFolder()
  const file = path.join(folder, 'Caddyfile')
  const upstreams = servers.map((server) => new URL(server).host).join(' ')
  const content = text('deploy/caddy/Caddyfile').replace('parley-1:4000 parley-2:4000', upstreams)
  expect(content).toContain(upstreams)
  // Several of them may run here at once, so without the door for administration.
  writeFileSync(file, `{\n\tadmin off\n}\n${content}`)
  const url = `http://127.0.0.1:${await freePort()}`
  const caddy = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, SITE_ADDRESS: url },
    stdio: 'ignore',
  })
  onTestFinished(() => void caddy.kill('SIGKILL'))
  await expect.poll(() => statusOf(url), patience).toBe(200)
  return url
}

/** What /readyz answers; 0 where nobody does. */
export const statusOf = (url: string): Promise<number> =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status,
    () => 0,
  )
