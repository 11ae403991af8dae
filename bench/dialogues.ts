// What the clients of each measured server say, and what they wait for.

import { RawClient, type RawClientOptions } from './rawClient.ts'

export type Kind = 'parley' | 'rawWs' | 'socketIo' | 'graphqlWs' | 'mercurius' | 'flaskSocketIo'

/** Where a subscriber is, and what it asks for. */
export interface Subscribing {
  /** Its number. */
  readonly index: number
  readonly room: string
  /** The room's feed, or that of all that concerns the viewer; peers have the first only. */
  readonly feed: 'conversation' | 'inbox'
  /** Number of the document: two numbers ask for something different. */
  readonly document: number
  /** Where a conversation's feed goes on; from now on where it is left out. */
  readonly after?: string
}

interface Dialogue {
  readonly path: string
  readonly protocol?: string
  /** In turn: what to send, and the word to wait for after it. */
  begin(token: string): readonly (readonly [send: string | undefined, until: string])[]
  subscribe(subscribing: Subscribing): readonly [send: string, until: string]
  message(number: number, room: string, text: string): string
}

const graphqlWs = 'graphql-transport-ws'
const sendMutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { detail } } }`

/** As long as the ids that clients make. */
const idOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

/** The number of a document is the name of a field, so that its answers differ too. */
function feedOf({ feed, document, room, after }: Subscribing): object {
  const number = document === 0 ? 'number' : `number${document}: number`
  const fields = `cursor events { ... on MessageSent { revision message { id ${number} text author { id displayName } } } }`
  if (feed === 'inbox') return { query: `subscription { inboxFeed { ${fields} } }` }
  return {
    query: `subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { ${fields} } }`,
    variables: { id: room, after },
  }
}

const subscribeMessage = (index: number, payload: object): string =>
  JSON.stringify({ id: idOf(index), type: 'subscribe', payload })

/** Servers that say nothing when a subscription has begun: a ping after it is answered once it has been taken. */
const thenPing = 'pong'

const ofSocketIo: Dialogue = {
  path: '/socket.io/?EIO=4&transport=websocket',
  begin: () => [
    [undefined, '"sid"'],
    ['40', '40{'],
  ],
  subscribe: ({ room }) => [`42${JSON.stringify(['join', room])}`, 'joined'],
  message: (_number, room, text) => `42${JSON.stringify(['send', { room, text }])}`,
}

const ofGraphqlWs: Dialogue = {
  path: '/graphql',
  protocol: graphqlWs,
  begin: () => [['{"type":"connection_init"}', 'connection_ack']],
  subscribe: ({ index, room }) => [
    subscribeMessage(index, {
      query: 'subscription ($room: String!) { message(room: $room) { id number text author { id displayName } } }',
      variables: { room },
    }),
    thenPing,
  ],
  message: (number, room, text) =>
    JSON.stringify({
      id: `send-${number}`,
      type: 'subscribe',
      payload: {
        query: 'mutation ($room: String!, $text: String!) { send(room: $room, text: $text) }',
        variables: { room, text },
      },
    }),
}

const dialogues: Readonly<Record<Kind, Dialogue>> = {
  parley: {
    path: '/graphql',
    protocol: graphqlWs,
    begin: (token) => [
      [JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }), 'connection_ack'],
    ],
    subscribe: (subscribing) => [subscribeMessage(subscribing.index, feedOf(subscribing)), '"next"'],
    message: (number, conversationId, text) =>
      JSON.stringify({
        id: `send-${number}`,
        type: 'subscribe',
        payload: { query: sendMutation, variables: { input: { conversationId, text } } },
      }),
  },
  rawWs: {
    path: '/',
    begin: () => [],
    subscribe: ({ index }) => [JSON.stringify({ subscribe: idOf(index) }), 'subscribed'],
    message: (_number, _room, text) => JSON.stringify({ text }),
  },
  socketIo: ofSocketIo,
  flaskSocketIo: ofSocketIo,
  graphqlWs: ofGraphqlWs,
  mercurius: ofGraphqlWs,
}

/** What sends a message with this text, which the server acknowledges in its own way. */
export const messageTo = (
  kind: Kind,
  message: { readonly number: number; readonly room: string; readonly text: string },
) => dialogues[kind].message(message.number, message.room, message.text)

export type ConnectOptions = Omit<RawClientOptions, 'path' | 'protocol'> & {
  readonly kind: Kind
  readonly token: string
}

/** Resolves once the server has accepted the connection and its session. */
export async function connectTo({ kind, token, ...options }: ConnectOptions): Promise<RawClient> {
  const { path, protocol, begin } = dialogues[kind]
  const client = await RawClient.open({ ...options, path, ...(protocol === undefined ? {} : { protocol }) })
  for (const [send, until] of begin(token)) {
    const answered = client.until(until)
    if (send !== undefined) client.send(send)
    await answered
  }
  return client
}

/** Resolves once nothing can be missed any more. */
export async function subscribe(client: RawClient, kind: Kind, subscribing: Subscribing): Promise<void> {
  const [send, until] = dialogues[kind].subscribe(subscribing)
  const begun = client.until(until)
  client.send(send)
  if (until === thenPing) client.send('{"type":"ping"}')
  await begun
}
