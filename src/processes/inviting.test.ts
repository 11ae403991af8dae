import { expect, test, vi } from 'vitest'
import { memberBanned, userInvited, userJoined } from '../../test/fixtures/events.ts'
import { ada, as, bob, eve, general } from '../../test/fixtures/people.ts'
import { generalStream, Node } from '../../test/support/node.ts'
import { InvitationCommands } from '../commands/invitations.ts'
import { newUuid } from '../commands/occasion.ts'
import { RoomCommands } from '../commands/rooms.ts'
import { consequenceId } from '../domain/ids.ts'
import { invitationsStream } from '../domain/streams.ts'
import { inviting } from './inviting.ts'

const logger = { info() {}, warn() {}, error() {} }
const invited = { ...userInvited(eve), actor: ada }
const ofEve = invitationsStream(eve)

/** The process as a node starts it; nothing of it is closed where it stands for one that was killed. */
async function started(node: Node): Promise<ReturnType<typeof inviting>> {
  const invited = inviting({ store: node.log, documents: node.documents, logger, commands: node.commands })
  await invited.open()
  await node.follow(invited)
  return invited
}

const eventsOf = async (node: Node, stream: string) => (await Array.fromAsync(node.log.readStream(stream))).flat()
const typesOf = async (node: Node, stream: string) => (await eventsOf(node, stream)).map(({ type }) => type)

test('what a room decides is brought to the person: received, accepted, and withdrawn by a ban', async () => {
  await using node = await Node.withRoom(bob)
  const inviting = await started(node)
  await node.plant(invited, { ...userJoined(eve), actor: eve })
  await inviting.idle()
  await node.plant({ ...userInvited(bob), actor: ada }, memberBanned(bob))
  await inviting.idle()
  expect(await typesOf(node, ofEve)).toEqual(['InvitationReceived', 'InvitationAccepted'])
  expect(await typesOf(node, invitationsStream(bob))).toEqual(['InvitationReceived', 'InvitationDeclined'])
  const [cause] = (await eventsOf(node, generalStream)).filter(({ type }) => type === 'UserInvited')
  const [received] = await eventsOf(node, ofEve)
  expect(received).toMatchObject({
    id: consequenceId(cause?.id ?? '', 'InvitationReceived'),
    data: { roomId: general, revision: 3, invitedBy: ada },
    metadata: { $causationId: cause?.id },
  })
  await inviting.close()
})

test('joining without an invitation leaves no trace there', async () => {
  await using node = await Node.withRoom(bob)
  const inviting = await started(node)
  await inviting.idle()
  expect(await typesOf(node, invitationsStream(bob))).toEqual([])
  await inviting.close()
})

test.each([
  ['before it has told', 'silent'],
  ['after it has told, before it knows', 'mute'],
] as const)('FOLD ONCE: killed %s, it tells exactly once when it is started again', async (_, fault) => {
  await using node = await Node.withRoom()
  node.store.faults = [fault]
  await started(node)
  await node.plant(invited)
  await vi.waitFor(() => expect(node.store.appends.some(({ stream }) => stream === ofEve)).toBe(true), {
    timeout: 10_000,
  })
  node.restart()
  for (let starts = 0; starts < 2; starts++) {
    const again = await started(node)
    await again.idle()
    await again.close()
  }
  expect(await typesOf(node, ofEve)).toEqual(['InvitationReceived'])
})

test('FOLD ONCE: it begins at the start of the log where its checkpoint is lost, and tells nobody again', async () => {
  await using node = await Node.withRoom()
  const inviting = await started(node)
  await node.plant(invited, { ...userJoined(eve), actor: eve })
  await inviting.idle()
  await inviting.close()
  const record = await node.documents.record('process/inviting')
  await node.documents.write([], [{ key: 'process/inviting', expectedVersion: record?.version ?? 0, value: {} }])
  const again = await started(node)
  await again.idle()
  await again.close()
  expect(await typesOf(node, ofEve)).toEqual(['InvitationReceived', 'InvitationAccepted'])
})

test('what happened while it was away is told in order: invited, joined, left and invited again', async () => {
  await using node = await Node.withRoom()
  const requester = (user = ada) => ({ actor: as(user), requester: { user, correlationId: newUuid() } })
  const rooms = new RoomCommands(node.commands)
  const invitations = new InvitationCommands(node.commands)
  await node.plant(invited)
  expect(await rooms.join(requester(eve), general)).toMatchObject({ kind: 'done' })
  expect(await rooms.leave(requester(eve), general)).toMatchObject({ kind: 'done' })
  await node.plant(invited)
  // Nothing was brought to her: there is nothing that she could decline yet.
  expect(await invitations.decline(requester(eve), { roomId: general })).toMatchObject({ code: 'NOT_FOUND' })
  const inviting = await started(node)
  await inviting.idle()
  expect(await typesOf(node, ofEve)).toEqual(['InvitationReceived', 'InvitationAccepted', 'InvitationReceived'])
  expect(await invitations.decline(requester(eve), { roomId: general })).toMatchObject({ kind: 'done' })
  await inviting.close()
})
