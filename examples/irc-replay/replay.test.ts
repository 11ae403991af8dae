// Part of a real log, twice, against a real server.

import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, registered } from '../../test/support/client.ts'
import { ircLogs, type Replayed, replayIrc } from '../../test/support/ircReplay.ts'
import { startTestServer, type TestServer } from '../../test/support/testServer.ts'
import { usernameOf } from './nicks.ts'

const logs = ircLogs
const slow = { timeout: 240_000 }

const replay = (server: TestServer, file: string, flags: readonly string[]): Promise<Replayed> =>
  replayIrc({ servers: [server], logs: file, flags })

/** What makes a log that anyone can read in a glance. */
const shortLog = `=== ada [h]  has joined #tea
[23:58] <ada> Anyone here?
[23:59] <brad[] > Here.
=== ada is now known as |ada|
[00:01] <|ada|> Good night
=== |ada| yawns
=== mode/#tea [-b x]  by brad
=== |ada| [h]  has left #tea []
`

describe('a log of a few lines', () => {
  let server: TestServer
  let folder: string
  let log: string

  beforeAll(async () => {
    server = await startTestServer()
    folder = await mkdtemp(path.join(tmpdir(), 'parley-irc-'))
    log = path.join(folder, 'tea.txt')
    await writeFile(log, shortLog)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  test('ONCE, RESUME: what was interrupted goes on, and what is complete stays as it is', slow, async () => {
    const first = await replay(server, log, ['--lines', '4'])
    expect(first).toMatchObject({ code: 0, report: { files: [{ messages: 2, joins: 3, leaves: 0, added: 4 }] } })
    const second = await replay(server, log, ['--data', server.folder])
    expect(second.talk).toContain('0 differences')
    expect(second).toMatchObject({
      code: 0,
      report: {
        files: [{ messages: 4, joins: 3, leaves: 1, renames: 1, notices: 1, added: 3, repeated: 2, differences: [] }],
        verifications: [
          { what: 'verify', differences: [] },
          { what: 'rebuild', differences: [] },
          { what: 'verify again', differences: [] },
        ],
      },
    })
    const third = await replay(server, log, [])
    expect(third).toMatchObject({ code: 0, report: { files: [{ events: 9, added: 0, repeated: 4, differences: [] }] } })
  })

  test('another file in the same room is refused, and so is a room that somebody else has used', slow, async () => {
    const other = path.join(folder, 'other', 'tea.txt')
    await cp(log, other)
    await writeFile(other, shortLog.replace('Anyone here?', 'Is anyone here?'))
    const { code, talk, report } = await replay(server, other, [])
    expect({ code, files: report.files }).toEqual({ code: 1, files: [] })
    expect(talk).toMatch(/^Revision 3 of the room is .*Anyone here\?/)

    const eve = await registered(server.graphql, 'eve')
    const { room } = await eve.query('{ room(slug: "irc-tea") { id revision } }')
    expect(room.revision).toBe(9)
    await eve.command('mutation ($input: JoinRoomInput!) { joinRoom(input: $input) { __typename } }', {
      input: { roomId: room.id },
    })
    expect((await replay(server, log, [])).talk).toMatch(/^Revision 9 of the room is "UserJoined eve"/)
  })

  test('without a log or a server it says how it is used', slow, async () => {
    expect(await replay(server, 'no-such-file', [])).toMatchObject({ code: 1 })
    expect(await replay(server, log, ['--lines', 'many'])).toMatchObject({ code: 2 })
  })
})

describe.skipIf(!existsSync(logs))('a log of #ubuntu', () => {
  test('ONCE, ORDER, FOLD: everybody sees what the file says; a second run adds nothing', slow, async () => {
    await using server = await startTestServer()
    const [name] = (await readdir(logs)).filter((file) => file.endsWith('.raw.txt')).sort()
    if (name === undefined) throw new Error(`There is no log in ${logs}.`)
    const file = path.join(logs, name)
    const first = await replay(server, file, ['--lines', '400', '--data', server.folder])
    expect(first.talk).toContain('0 differences')
    expect(first.code).toBe(0)
    const [added] = first.report.files
    if (added === undefined) throw new Error('No file was replayed.')
    expect(added.lines).toBe(400)
    // Counted without the example's parser.
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, 400)
    const spoken = lines.filter((line) => /^\[\d\d:\d\d\] <[^>]+> ?\S/.test(line))
    expect(added.messages).toBeGreaterThanOrEqual(spoken.length)
    expect(added.events).toBe(added.messages + added.joins + added.leaves + 1)
    for (const reader of added.readers) expect(reader.events).toBe(added.events - 1)
    expect(added.readers.find(({ manner }) => manner === 'dropping')?.resumes).toBeGreaterThan(0)
    expect(added.readers.find(({ manner }) => manner === 'slow')?.pauses).toBeGreaterThan(0)

    const second = await replay(server, file, ['--lines', '400'])
    expect(second.code).toBe(0)
    expect(second.report.files).toMatchObject([
      { events: added.events, added: 0, repeated: added.messages, differences: [] },
    ])
    const speaker = /<([^>]+)>/.exec(spoken[0] ?? '')?.[1] ?? ''
    const login = await new ApiClient(server.graphql).command(
      'mutation ($input: LoginInput!) { login(input: $input) { ... on LoginPayload { user { displayName } } } }',
      { input: { username: usernameOf(speaker), password: 'said once on irc' } },
    )
    expect(login.user.displayName.toLowerCase()).toBe(speaker.toLowerCase())
  })
})
