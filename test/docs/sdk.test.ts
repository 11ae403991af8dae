// The guide to the client: its program runs as it stands, and its table of notices is whole.

import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { newFolder, startTestServer } from '../support/testServer.ts'
import { blocks, page } from './snippets.ts'

const run = promisify(execFile)
const guide = 'docs/guide/sdk.md'

/** The package is this folder; where it is installed its files are built. */
const client = new URL('../../clients/sdk/', import.meta.url)

test("the guide's program runs as it stands, and ends by itself", async () => {
  await using server = await startTestServer()
  const folder = await newFolder()
  const program = blocks(guide, 'js')
    .join('')
    .replaceAll("'parley-client'", `'${client}client.ts'`)
    .replaceAll(/'parley-client\/(\w+)'/g, (_, name) => `'${client}${name}.ts'`)
    .replace('http://127.0.0.1:4000', server.url)
    .replace('./ada', folder)
  try {
    const running = run(process.execPath, ['--input-type=module'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      timeout: 25_000,
    })
    running.child.stdin?.end(program)
    const { stdout } = await running
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => !/^(sending|sent)/.test(line))).toEqual([
      'signed in as Ada',
      '0 wait, and 32 characters name it',
      '4 MessageSent Followed',
      'Ada has 0 unread',
    ])
    // The view is told of each change.
    expect(lines).toContain('sending')
    expect(lines).toContain('sent sent sent')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test("the guide's notices are those that there are", () => {
  const source = page('clients/sdk/notices.ts')
  const names = new Set([...source.matchAll(/'([A-Z]+_?[A-Z_]+)'/g)].map(([, name]) => name))
  const [, table = ''] = page(guide).split('## Notices')
  const rows = table.split('## ')[0]?.match(/^\| .*? \|/gm) ?? []
  const told = rows.flatMap((row) => [...row.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name))
  expect(told.sort()).toEqual([...names].sort())
})
