// What would be published: it is built, packed, and used by a program and a type checker that have nothing but the package.

import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRoom, registered } from '../../test/support/client.ts'
import { startTestServer } from '../../test/support/testServer.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const modules = join(root, 'node_modules')
const slow = 120_000

let folder: string
let app: string
let packed: readonly string[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-package-'))
  // A copy of the house, so that nothing is built in this one.
  const house = join(folder, 'house')
  const source = join(house, 'clients/sdk')
  await cp(fileURLToPath(new URL('.', import.meta.url)), source, { recursive: true })
  await rm(join(source, 'dist'), { recursive: true, force: true })
  await cp(join(root, 'tsconfig.json'), join(house, 'tsconfig.json'))
  await symlink(modules, join(house, 'node_modules'), 'junction')
  await run('npm', ['pack', '--loglevel=error'], { cwd: source, shell: process.platform === 'win32' })
  const [archive = ''] = (await readdir(source)).filter((file) => file.endsWith('.tgz'))
  app = join(folder, 'app')
  const installed = join(app, 'node_modules/parley-client')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', join(source, archive), '-C', installed, '--strip-components=1'])
  // What npm would install beside it.
  for (const name of ['graphql-ws', 'graphql'])
    await symlink(join(modules, name), join(app, 'node_modules', name), 'junction')
  packed = (await readdir(installed, { recursive: true })).map((file) => file.replaceAll('\\', '/')).sort()
}, slow)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the package holds what is built, and no tests', () => {
  expect(packed).toEqual(expect.arrayContaining(['README.md', 'package.json', 'dist/client.js', 'dist/client.d.ts']))
  expect(packed.filter((file) => /test/i.test(file))).toEqual([])
  expect(packed.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file))).toEqual([])
})

test('a program imports it, follows a room and writes to it', { timeout: slow }, async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea')
  await writeFile(
    join(app, 'main.mjs'),
    `import { ParleyClient } from 'parley-client'
     import { fileStorage } from 'parley-client/fileStorage'
     import { memoryStorage } from 'parley-client/memoryStorage'
     import { webStorage } from 'parley-client/webStorage'
     import { RefusedError } from 'parley-client/errors'
     import { WhoAmIDocument } from 'parley-client/documents'
     const [address, token, room] = process.argv.slice(2)
     const client = await ParleyClient.connect({ addresses: [address], signIn: { token }, storage: fileStorage('kept') })
     const feed = client.conversationFeed(room)
     await feed.next()
     await client.send(room, 'Hello')
     const { value } = await feed.next()
     const { viewer } = await client.request(WhoAmIDocument, {})
     console.log(viewer.user.username, value.events[0].message.text, typeof memoryStorage, typeof webStorage, RefusedError.name)
     client.close()`,
  )
  const { stdout } = await run(process.execPath, ['main.mjs', server.url, ada.token ?? '', room.id], { cwd: app })
  expect(stdout.trim()).toBe('ada Hello function function RefusedError')
})

test('its types say what they should, to a program for browsers with the strictest settings', {
  timeout: slow,
}, async () => {
  await writeFile(
    join(app, 'page.ts'),
    `import { type Notice, ParleyClient } from 'parley-client'
     import { WhoAmIDocument } from 'parley-client/documents'
     import { webStorage } from 'parley-client/webStorage'
     const onNotice = (notice: Notice): string => (notice.name === 'HOLE_FILLED' ? String(notice.events) : notice.name)
     const signIn = { guest: {} }
     const client = await ParleyClient.connect({ addresses: ['https://a.example'], signIn, onNotice, storage: webStorage(localStorage) })
     for await (const { events, reset } of client.conversationFeed('room_1')) {
       const why: 'LOG_REPLACED' | 'TOO_FAR' | undefined = reset
       for (const event of events) if (event.__typename === 'MessageSent') document.title = event.message?.text ?? why ?? ''
     }
     const { viewer } = await client.request(WhoAmIDocument, {})
     // @ts-expect-error: a name is no number, so these are types and not \`any\`
     const age: number = viewer?.user.username
     // @ts-expect-error: there is no such way to sign in
     await ParleyClient.connect({ addresses: [], signIn: { name: 'Ada' } })
     export const used = age`,
  )
  const settings = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  }
  const compilerOptions = {
    ...settings,
    target: 'es2024',
    lib: ['es2024', 'dom', 'esnext.disposable'],
    module: 'nodenext',
    types: [],
    noEmit: true,
  }
  await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.ts'] }))
  await writeFile(join(app, 'package.json'), '{ "type": "module" }')
  const checked = await run(process.execPath, [join(modules, 'typescript/bin/tsc'), '-p', '.'], { cwd: app }).catch(
    (error: { readonly stdout: string }) => error,
  )
  expect(checked.stdout).toBe('')
})
