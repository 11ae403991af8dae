import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { guest, join, send } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'
import { blocks } from './snippets.ts'

const run = promisify(execFile)

test("the guide's EventSource shows what came after its cursor", async () => {
  await using server = await startTestServer()
  const ada = await guest(server.graphql)
  const { room } = await ada.query('{ room(slug: "general") { id feedCursor } }')
  await join(ada, room.id)
  await send(ada, room.id, 'Tea?')
  const [snippet = ''] = blocks('docs/guide/feeds.md', 'js')
  const given = { id: room.id, after: room.feedCursor, token: ada.token }
  const program = `
    const { id, after, token } = ${JSON.stringify(given)}
    const show = (answer) => {
      console.log(JSON.stringify(answer.data.conversationFeed.events))
      source.close()
    }
    ${snippet.replace('http://127.0.0.1:4000', server.url)}`
  const { stdout } = await run(process.execPath, ['--experimental-eventsource', '--input-type=module', '-e', program])
  expect(JSON.parse(stdout)).toEqual([
    { __typename: 'UserJoined' },
    { __typename: 'MessageSent', message: { text: 'Tea?' } },
  ])
})
