// A server's log moved to another folder: exported while it runs, imported, and gone on with.

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { anchorOf, encodeServerCursor } from '../../src/live/cursor.ts'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, registered, send } from '../support/client.ts'
import { follow } from '../support/following.ts'
import { InboxReader } from '../support/inboxReader.ts'
import { mutate } from '../support/mutate.ts'
import { plantInServerStream } from '../support/serverStream.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

async function folders(): Promise<{ readonly from: string; readonly to: string; readonly file: string }> {
  const folder = await newFolder()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return { from: join(folder, 'from'), to: join(folder, 'to'), file: join(folder, 'log.jsonl') }
}

const feed = `subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) {
  cursor caughtUp reset { reason } events { __typename revision } } }`

test('RESUME: people, sessions, history and cursors are as they were; cursors of the inbox say reset', {
  timeout: 60_000,
}, async () => {
  const { from, to, file } = await folders()
  const planted = await plantInServerStream(from, 3)
  const server = await startTestServer({ folder: from })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea Time')
  // What is read is kept in a stream that keeps only its newest event: positions are then not those of the copy.
  for (const text of ['one', 'two', 'three']) {
    const { message } = await send(ada, id, text)
    await mutate(ada, 'markRead', { messageId: message.id })
  }
  await send(ada, id, 'four')
  const cursors = await ada.query('query ($id: ID!) { viewer { feedCursor } room(id: $id) { feedCursor } }', { id })
  const exported = await parley(['export', file, '--data', from, '--json'])
  expect(exported).toMatchObject({ code: 0, stderr: '' })
  const before = await shownMessages(ada, id)
  await server[Symbol.asyncDispose]()

  const imported = await parley(['import', file, '--data', to, '--json'])
  expect(imported).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(imported.stdout).events).toBe(JSON.parse(exported.stdout).events)
  expect(await parley(['projections', 'verify', '--all', '--data', to])).toMatchObject({ code: 0 })
  const again = await parley(['import', file, '--data', to])
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^All \d+ events were there already/) })

  await using moved = await startTestServer({ folder: to })
  const there = new ApiClient(moved.graphql, ada.token)
  expect(await shownMessages(there, id)).toEqual(before)
  await using conversation = follow(there, feed, { id, after: cursors.room.feedCursor })
  expect(await conversation.frame(0)).toMatchObject({ reset: null, events: [] })
  await send(there, id, 'five')
  expect((await conversation.until(({ events }) => events.length > 0)).events).toMatchObject([
    { __typename: 'MessageSent' },
  ])
  await using inbox = new InboxReader(there, { after: cursors.viewer.feedCursor })
  await inbox.until(({ frames }) => frames.length > 0)
  expect(inbox.frames[0]?.reset).toEqual({ reason: 'LOG_REPLACED' })
  const inServer = encodeServerCursor({ revision: 1, anchor: anchorOf(planted[1] ?? '') })
  await using ofServer = follow(
    there,
    'subscription ($after: FeedCursor) { serverFeed(after: $after) { reset { reason } } }',
    {
      after: inServer,
    },
  )
  expect(await ofServer.frame(0)).toEqual({ reset: null })
})

test('an import is refused where a server runs, and where one has been', async () => {
  const { from, to, file } = await folders()
  {
    await using server = await startTestServer({ folder: from })
    await registered(server.graphql, 'ada')
    expect((await parley(['export', file, '--data', from])).code).toBe(0)
    const running = await parley(['import', file, '--data', from])
    expect(running).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is in use by the process \d+\. Stop that one/),
    })
  }
  await (await startTestServer({ folder: to }))[Symbol.asyncDispose]()
  const used = await parley(['import', file, '--data', to])
  expect(used).toMatchObject({ code: 1, stderr: expect.stringMatching(/Import into an empty log only/) })
})

test('what cannot be done is told in a sentence, and leaves nothing behind', async () => {
  const { from, to, file } = await folders()
  expect(await parley(['export', file, '--data', from])).toMatchObject({
    code: 1,
    stderr: `There is no log in ${from}. Name the folder of the server with --data.\n`,
  })
  expect(await parley(['import', file, '--data', to])).toMatchObject({
    code: 1,
    stderr: `There is no ${file}. Check the name, and that its folder is there.\n`,
  })
  expect((await parley(['export'])).code).toBe(2)
  expect((await parley(['import'])).code).toBe(2)
  for (const path of [from, to, file]) await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
})
