// Controls of the storms: readers who are not told what the log holds, in its order and once, are found out.

import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { Random } from '../support/random.ts'
import { Sightings } from '../support/storm/sightings.ts'
import { differences } from '../support/storm/storm.ts'
import type { StormOutcome } from '../support/storm/stormPlan.ts'
import { StormReader } from '../support/storm/stormReader.ts'

const message = (revision: number, said = `${revision} 0.000`) => ({
  __typename: 'MessageSent',
  revision,
  message: { id: `message_${revision}`, text: said },
})
const numbers = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

/** A server of its own kind: tells each connection these events, one a frame, and stays open. */
async function telling(eventsOf: (connection: number, after: string) => readonly object[]) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' })
  await new Promise((resolve) => server.once('listening', resolve))
  let connections = 0
  server.on('connection', (socket) => {
    const connection = ++connections
    const send = (said: object): void => socket.send(JSON.stringify(said))
    socket.on('error', () => {})
    socket.on('message', (data) => {
      // Readers send messages of the protocol.
      const { type, payload } = JSON.parse(data.toString()) as {
        type: string
        payload: { variables: { after: string } }
      }
      if (type === 'connection_init') send({ type: 'connection_ack' })
      if (type !== 'subscribe') return
      for (const event of eventsOf(connection, payload.variables.after)) {
        const [revision] = 'revision' in event ? [event.revision] : []
        const conversationFeed = { cursor: `${revision}`, reset: null, events: [event] }
        send({ id: '1', type: 'next', payload: { data: { conversationFeed } } })
      }
    })
  })
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  return { url: `ws://127.0.0.1:${port}/graphql`, close: () => server.close() }
}

/** Follows it from revision 0 on, and is cut off where that is said. */
async function followed(eventsOf: Parameters<typeof telling>[0], { cutAt = 0, last = 9, readers = 1 } = {}) {
  const server = await telling(eventsOf)
  const sightings = new Sightings()
  const place = { nodes: [server.url], conversationId: 'room', after: { cursor: '-1', revision: -1 } }
  const following = Array.from(
    { length: readers },
    () => new StormReader({ ...place, token: 'token', random: new Random(1), sightings, onDelivery: () => {} }),
  )
  const [first] = following
  if (cutAt > 0) {
    await vi.waitFor(() => expect(first?.revision).toBe(cutAt))
    first?.cut()
  }
  await vi.waitFor(() => expect(following.map(({ revision }) => revision)).toEqual(following.map(() => last)))
  for (const reader of following) reader.end()
  server.close()
  return sightings.faults
}

const all = (first: number, last: number) => numbers(first, last).map((revision) => message(revision))

test('whoever is told everything, across a connection that was cut, finds nothing wrong', async () => {
  const faults = await followed((connection, after) => (connection === 1 ? all(0, 5) : all(Number(after) + 1, 9)), {
    cutAt: 5,
  })
  expect(faults).toEqual([])
})

test.each([
  ['something is missing', () => [...all(0, 3), ...all(5, 9)], {}, 'Told of 5 after 3: those between are missing.'],
  ['something comes twice', () => [...all(0, 4), ...all(4, 9)], {}, 'Told of 4 again, after 4.'],
  [
    'something is missing after a cut',
    (connection: number, after: string) => (connection === 1 ? all(0, 5) : all(Number(after) + 2, 9)),
    { cutAt: 5 },
    'Told of 7 after 5: those between are missing.',
  ],
  [
    'something comes again after a cut',
    (connection: number, after: string) => (connection === 1 ? all(0, 5) : all(Number(after), 9)),
    { cutAt: 5 },
    'Told of 5 again, after 5.',
  ],
  [
    'two readers are told different things',
    (connection: number) => [...all(0, 8), message(9, `9 0.000 to ${connection}`)],
    { readers: 2 },
    'Revision 9 was told as',
  ],
] as const)('it is found out when %s', async (_, eventsOf, options, fault) => {
  const faults = await followed(eventsOf, options)
  expect(faults).toHaveLength(1)
  expect(faults[0]).toContain(fault)
})

const complete: StormOutcome = {
  sent: 2,
  acknowledged: [
    [1, 1],
    [2, 2],
  ],
  refusals: [],
  told: [
    [1, 'MessageSent a 1 0.000'],
    [2, 'MessageSent b 2 0.000'],
  ],
  faults: [],
  reached: [2, 2],
  connections: 2,
  cuts: 0,
  deliveries: 4,
  closed: {},
  p50: 1,
  p99: 1,
  seconds: 1,
  levelMs: 1,
}

test('what was told is compared with the log, and the log with what was acknowledged', () => {
  const logged = new Map(complete.told)
  const found = (outcome: Partial<StormOutcome>, log: ReadonlyMap<number, string> = logged) =>
    differences({ ...complete, ...outcome }, log)
  expect(found({})).toEqual([])
  expect(found({ reached: [2, 1] })).toHaveLength(1)
  expect(found({ told: complete.told.slice(0, 1) })).toHaveLength(2)
  expect(found({ told: [...complete.told, [3, 'MessageSent c 3 0.000']] })).toHaveLength(1)
  expect(found({ acknowledged: [[1, 1]] })).toHaveLength(2)
  expect(found({}, new Map([...logged, [3, 'MessageSent b 2 0.000']]))).not.toEqual([])
  expect(found({}, new Map([...logged].slice(0, 1)))).not.toEqual([])
})
