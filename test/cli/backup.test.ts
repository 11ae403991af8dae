// Backups as whoever runs a server makes them.

import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, registered, send } from '../support/client.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

test('a backup is made beside a running server, verified, and restored into a folder that a server starts on', {
  timeout: 60_000,
}, async () => {
  const folder = await newFolder()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [data, target, restored] = ['data', 'backup', 'restored'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ] // as many as were named
  const server = await startTestServer({ folder: data })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea Time')
  await send(ada, id, 'before')
  const created = await parley(['backup', 'create', target, '--data', data, '--json'])
  expect(created).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(created.stdout)).toMatchObject({ folder: target, files: 1, log: { events: expect.any(Number) } })
  const before = await shownMessages(ada, id)
  await send(ada, id, 'after')
  await server[Symbol.asyncDispose]()

  const verified = await parley(['backup', 'verify', target])
  expect(verified).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+ events, 1 file, [\d,]+ bytes, of \d{4}-/),
  })
  expect(await parley(['backup', 'restore', target, '--data', restored])).toMatchObject({ code: 0 })
  expect(await parley(['backup', 'restore', target, '--data', restored])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not empty'),
  })
  expect(await parley(['projections', 'verify', '--all', '--data', restored])).toMatchObject({ code: 0 })
  await using again = await startTestServer({ folder: restored })
  expect(await shownMessages(new ApiClient(again.graphql, ada.token), id)).toEqual(before)

  await appendFile(join(target, 'log.db'), 'x')
  const damaged = await parley(['backup', 'verify', target, '--json'])
  expect(damaged).toMatchObject({ code: 5, stderr: expect.stringContaining('Use another one') })
  expect(JSON.parse(damaged.stdout).problems).toEqual([expect.stringMatching(/^log\.db has \d+ bytes and not \d+\.$/)])
})

test('what cannot be backed up is told in a sentence', async () => {
  const folder = await newFolder()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  expect(await parley(['backup', 'create', join(folder, 'backup'), '--data', join(folder, 'data')])).toMatchObject({
    code: 1,
    stderr: `There is no log in ${join(folder, 'data')}. Name the folder of the server with --data.\n`,
  })
  expect(await parley(['backup', 'verify', folder])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('holds no backup'),
  })
  expect((await parley(['backup', 'create'])).code).toBe(2)
})
