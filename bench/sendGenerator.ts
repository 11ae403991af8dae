// The generator of `send`, a process of its own: keeps so many sends under way, over as many connections as are needed for that,
// into one room or many in turn. A send is under way until it is acknowledged.

import { RawClient } from './rawClient.ts'
import type { SendKind, SendReply, SendSide, SendTask } from './sendLoad.ts'

/** Sends under way on one socket, at most. */
const perSocket = 16
const text = 'A message of the usual length, which says nothing much, but says it in about a hundred characters.'
const mutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on SendMessagePayload { position message { id number } } ... on Error { detail } } }`

interface Sender {
  send(room: string, number: number): void
  close(): void
}

type Open = (side: SendSide, token: string, onAck: (count: number) => void, onEnd: () => void) => Promise<Sender>

const variables = (room: string) => ({ input: { conversationId: room, text } })

const socketOf = (client: RawClient, message: (room: string, number: number) => string): Sender => ({
  send: (room, number) => client.send(message(room, number)),
  close: () => client.close(),
})

/** One request at a time on a connection that is kept. */
function httpOf(client: RawClient, path: string, headers: string, body: (room: string) => object): Sender {
  return {
    send: (room) => {
      const content = JSON.stringify(body(room))
      client.write(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${headers}Content-Length: ${content.length}\r\n\r\n${content}`,
      )
    },
    close: () => client.close(),
  }
}

const openings: Readonly<Record<SendKind, Open>> = {
  parleyWs: async ({ port }, token, onMessages, onEnd) => {
    const client = await RawClient.open({
      port,
      path: '/graphql',
      protocol: 'graphql-transport-ws',
      counted: '"__typename":"SendMessagePayload"',
      onMessages,
      onEnd,
    })
    const accepted = client.until('connection_ack')
    client.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
    await accepted
    return socketOf(client, (room, number) =>
      JSON.stringify({ id: `${number}`, type: 'subscribe', payload: { query: mutation, variables: variables(room) } }),
    )
  },
  parleyHttp: async ({ port }, token, onMessages, onEnd) => {
    const counted = '"__typename":"SendMessagePayload"'
    const client = await RawClient.connect({ port, path: '', counted, onMessages, onEnd })
    return httpOf(client, '/graphql', `Authorization: Bearer ${token}\r\n`, (room) => ({
      query: mutation,
      variables: variables(room),
    }))
  },
  socketIo: async ({ port }, _token, onMessages, onEnd) => {
    const client = await RawClient.open({
      port,
      path: '/socket.io/?EIO=4&transport=websocket',
      counted: '"ok":true',
      onMessages,
      onEnd,
    })
    await client.until('"sid"')
    const joined = client.until('40{')
    client.send('40')
    await joined
    return socketOf(client, (room, number) => `42${number}${JSON.stringify(['send', { room, text }])}`)
  },
  express: async ({ port }, _token, onMessages, onEnd) => {
    const client = await RawClient.connect({ port, path: '', counted: '"ok":true', onMessages, onEnd })
    return httpOf(client, '/messages', '', (room) => ({ room, text }))
  },
}

const oneAtATime: ReadonlySet<SendKind> = new Set(['parleyHttp', 'express'])

async function run({ side, underWay, warmUpMs, ms }: SendTask): Promise<{ acknowledged: number; seconds: number }> {
  const each = oneAtATime.has(side.kind) ? 1 : Math.min(perSocket, underWay)
  const open = openings[side.kind]
  let fault: string | undefined
  let sending = true
  let acknowledged = 0
  let sent = 0
  const senders: Sender[] = []
  for (let index = 0; index * each < underWay; index++) {
    const sendOne = (): void => {
      const room = side.rooms[sent % side.rooms.length] ?? ''
      sender.send(room, sent++)
    }
    const sender = await open(
      side,
      side.tokens[index % side.tokens.length] ?? '',
      (count) => {
        acknowledged += count
        for (let one = 0; sending && one < count; one++) sendOne()
      },
      () => {
        if (sending) fault ??= 'A connection was closed.'
      },
    )
    senders.push(sender)
    for (let one = 0; one < Math.min(each, underWay - index * each); one++) sendOne()
  }
  await pause(warmUpMs)
  const before = acknowledged
  const from = performance.now()
  await pause(ms)
  const counted = { acknowledged: acknowledged - before, seconds: (performance.now() - from) / 1_000 }
  sending = false
  for (const until = performance.now() + 10_000; acknowledged < sent && performance.now() < until; ) await pause(10)
  if (acknowledged < sent) fault ??= `${sent - acknowledged} of ${sent} sends were not acknowledged.`
  for (const sender of senders) sender.close()
  if (fault !== undefined) throw new Error(fault)
  return counted
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const answer = (reply: SendReply) => process.send?.(reply)
process.on('message', (task: SendTask) => {
  run(task).then(
    (counted) => answer(counted),
    (error: Error) => answer({ failed: error.message }),
  )
})
process.on('disconnect', () => process.exit())
