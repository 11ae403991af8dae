// A node whose log is on EventStoreDB and whose read models are in its folder: the folder holds the keys of all texts.

import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, type Data, registered, send } from '../support/client.ts'
import { EventStoreDbProcess } from '../support/eventstoredb/process.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

/** Keys that are not removed. */
function keysIn(folder: string): number {
  using database = new DatabaseSync(join(folder, 'keys.db'), { readOnly: true })
  return Number(database.prepare('SELECT count(*) AS n FROM keys WHERE key <> zeroblob(32)').get()?.n)
}

test('ACK ERASE: a backup holds the keys of a log that lies elsewhere, and gives back every text but the deleted ones', {
  timeout: 90_000,
}, async () => {
  const folder = await newFolder()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const paths = (name: string): string => join(folder, name)
  const [data, target, restored] = [paths('data'), paths('backup'), paths('restored')]
  await mkdir(paths('engine'))
  const engine = new EventStoreDbProcess(paths('engine'), { batchAppend: true })
  await engine.start()
  onTestFinished(() => engine.signal('SIGKILL'))
  const env = { PARLEY_EVENTSTORE: engine.connectionString }
  const server = await startTestServer({ folder: data, env })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea Time')
  for (const text of ['one', 'two', 'three']) await send(ada, id, text)
  const { message } = await send(ada, id, 'regretted')
  const { deleteMessage } = await ada.query(
    'mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { ... on Error { code } } }',
    { input: { messageId: message.id } },
  )
  expect((deleteMessage as Data).code).toBeUndefined()
  const created = await parley(['backup', 'create', target, '--data', data, '--json'], env)
  expect(created, created.stderr).toMatchObject({ code: 0 })
  expect(JSON.parse(created.stdout)).toMatchObject({ folder: target, files: 1, log: null })
  // Beside the running server, and at once: what was deleted is gone from it.
  expect(keysIn(target)).toBe(keysIn(data))
  const keys = await readFile(join(target, 'keys.db'))
  const verified = await parley(['backup', 'verify', target])
  expect(verified).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^The keys of a log that lies elsewhere, 1 f/),
  })
  const before = await shownMessages(ada, id)
  expect(before.map(({ text }) => text)).toEqual(['one', 'two', 'three', null])
  await server[Symbol.asyncDispose]()

  // Without the keys nothing can be read, and the node says so instead of starting.
  await rm(data, { recursive: true })
  await expect(startTestServer({ folder: paths('empty'), env })).rejects.toThrow('The keys at hand are not those')
  expect(await parley(['backup', 'restore', target, '--data', restored], env)).toMatchObject({ code: 0 })
  expect(await readFile(join(restored, 'keys.db'))).toEqual(keys)
  expect(await parley(['projections', 'verify', '--all', '--data', restored], env)).toMatchObject({ code: 0 })
  {
    await using again = await startTestServer({ folder: restored, env })
    const client = new ApiClient(again.graphql, ada.token)
    expect(await shownMessages(client, id)).toEqual(before)
    expect((await send(client, id, 'goes on')).message).toBeDefined()
  }
  await appendFile(join(target, 'keys.db'), 'x')
  const damaged = await parley(['backup', 'verify', target, '--json'])
  expect(damaged).toMatchObject({ code: 5 })
  expect(JSON.parse(damaged.stdout).problems).toEqual([expect.stringMatching(/^keys\.db has \d+ bytes and not \d+\.$/)])
  expect(await parley(['backup', 'restore', target, '--data', paths('no')], env)).toMatchObject({ code: 1 })
})

test('where neither log nor keys are in the folder, it is said where to back them up', async () => {
  const folder = await newFolder()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const env = {
    PARLEY_EVENTSTORE: 'esdb://127.0.0.1:1?tls=false',
    PARLEY_DOCUMENTS: 'mongodb://127.0.0.1:1/parley?replicaSet=rs',
  }
  expect(await parley(['backup', 'create', join(folder, 'backup'), '--data', folder], env)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Neither log nor keys'),
  })
  expect(
    await parley(['backup', 'create', join(folder, 'backup'), '--data', join(folder, 'none')], {
      PARLEY_EVENTSTORE: 'esdb://127.0.0.1:1?tls=false',
    }),
  ).toMatchObject({ code: 1, stderr: expect.stringContaining('There are no keys in') })
})
