// Roles on the server change for connections that are open, too.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { callControl } from '../../src/cli/control.ts'
import { type ApiClient, createRoom, type Data, guest, registered } from '../support/client.ts'
import { documentOf, mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Mutations over one socket that stays open. */
function overSocket(client: ApiClient) {
  const socket = client.socket()
  return {
    async mutate(name: string, input: object): Promise<Data> {
      for await (const { data } of socket.iterate<Data>({ query: documentOf(name), variables: { input } })) {
        const [result] = Object.values(data ?? {})
        return result
      }
      throw new Error('The socket gave no answer.')
    },
    [Symbol.asyncDispose]: async () => void (await socket.dispose()),
  }
}

const setRole = (user: string, role: string) => callControl(server.folder, 'users.setRole', { user, role })

test('REVOKE: whoever is no administrator any more acts as none, on an open socket too', async () => {
  const [ada, mallory] = [await registered(server.graphql, 'ada'), await registered(server.graphql, 'mallory')]
  const { id: roomId } = await createRoom(ada, 'Tea')
  await setRole('mallory', 'ADMIN')
  // The role is heard of a moment after it was given.
  await expect
    .poll(async () => (await mutate(mallory, 'archiveRoom', { roomId })).__typename, { timeout: 10_000 })
    .toBe('ArchiveRoomPayload')
  await using socket = overSocket(mallory)
  expect(await socket.mutate('unarchiveRoom', { roomId })).toMatchObject({ __typename: 'UnarchiveRoomPayload' })
  await setRole('mallory', 'MEMBER')
  await expect
    .poll(async () => (await socket.mutate('archiveRoom', { roomId })).__typename, { timeout: 10_000 })
    .toBe('ForbiddenError')
  expect((await mutate(mallory, 'archiveRoom', { roomId })).__typename).toBe('ForbiddenError')
})

test('a guest who has become a member acts as one on the socket that was open before', async () => {
  const otto = await guest(server.graphql)
  await using socket = overSocket(otto)
  expect(await socket.mutate('createRoom', { name: 'Before' })).toMatchObject({ __typename: 'ForbiddenError' })
  const claimed = await socket.mutate('claimGuest', { username: 'otto', password: 'correct horse battery' })
  expect(claimed).toMatchObject({ __typename: 'ClaimGuestPayload' })
  await expect
    .poll(async () => (await socket.mutate('createRoom', { name: 'After' })).__typename, { timeout: 10_000 })
    .toBe('CreateRoomPayload')
})
