import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { createRoom, guest, join, registered } from '../support/client.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

const listed = async (folder: string, ...more: string[]) => {
  const { stdout } = await parley(['room', 'list', '--data', folder, '--json', ...more])
  return JSON.parse(stdout).rooms
}

test('the operator makes rooms that everyone may join, with the server running and without', async () => {
  const folder = await newFolder()
  const server = await startTestServer({ folder })
  const topic = ['--slug', 'news', '--topic', 'What is new']
  const made = await parley(['room', 'create', 'Announcements', ...topic, '--data', folder, '--json'])
  expect(made.code).toBe(0)
  const { room } = JSON.parse(made.stdout)
  expect(room).toEqual({ id: expect.stringMatching(/^room_/), name: 'Announcements', slug: 'news' })
  const bob = await guest(server.graphql)
  expect(await join(bob, room.id)).toMatchObject({ __typename: 'JoinRoomPayload' })
  expect(await bob.query('query ($id: ID) { room(id: $id) { topic createdBy { id } } }', { id: room.id })).toEqual({
    room: { topic: 'What is new', createdBy: null },
  })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Old')
  await ada.command('mutation ($input: ArchiveRoomInput!) { archiveRoom(input: $input) { __typename } }', {
    input: { roomId: id },
  })
  await server[Symbol.asyncDispose]()
  expect((await parley(['room', 'create', 'Tea Time', '--data', folder])).stdout).toMatch(/^room_[\w-]+ {2}tea-time\n$/)
  const names = (rooms: readonly { readonly name: string }[]) => rooms.map(({ name }) => name)
  expect(names(await listed(folder))).toEqual(['Announcements', 'General', 'Tea Time'])
  expect(names(await listed(folder, '--all'))).toEqual(['Announcements', 'General', 'Old', 'Tea Time'])
  const { stdout } = await parley(['room', 'list', '--all', '--data', folder])
  expect(stdout).toMatch(/^Old +old +public, archived +1 +0 /m)
  await rm(folder, { recursive: true })
})

test('a slug that is taken, and names and slugs that are none, are told', async () => {
  await using server = await startTestServer()
  const create = (...args: string[]) => parley(['room', 'create', ...args, '--data', server.folder])
  const taken = await create('General')
  expect([taken.code, taken.stdout]).toEqual([1, ''])
  expect(taken.stderr).toMatch(/taken/i)
  expect((await create('x'.repeat(81))).code).toBe(2)
  expect((await create('News', '--slug', 'No Slug!')).code).toBe(2)
})
