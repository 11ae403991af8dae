// The tabs that GraphiQL opens with: a first conversation, in five steps.

export interface GraphiqlTab {
  readonly query: string
  readonly variables?: string
  readonly headers?: string
}

const headers = `{
  "authorization": "Bearer PASTE-THE-TOKEN-HERE"
}
`

const room = `{
  "room": "PASTE-THE-ID-HERE"
}
`

export const graphiqlTabs: readonly GraphiqlTab[] = [
  {
    query: `# 1 of 5. Make an account, with Ctrl-Enter. Take another name where this one is taken.
# Then copy the token from the answer. In the tabs that follow, paste it into the headers
# editor below ("Headers"), so that it reads  {"authorization": "Bearer …"}
mutation Register {
  register(input: { username: "ada", password: "analytical-engine-1843" }) {
    ... on RegisterPayload {
      token
      user { id username displayName }
    }
    ... on Error { code detail }
  }
}
`,
    // No variables: GraphiQL does not show those of the tab that it opens with.
  },
  {
    query: `# 2 of 5. Make a room; you are its first member. Copy its id for the tabs that follow.
# Others join with the second operation.
mutation CreateRoom($name: String!) {
  createRoom(input: { name: $name }) {
    ... on CreateRoomPayload { room { id slug name } }
    ... on Error { code detail }
  }
}

mutation JoinRoom($room: ID!) {
  joinRoom(input: { roomId: $room }) {
    ... on JoinRoomPayload { room { id name } }
    ... on Error { code detail }
  }
}
`,
    variables: `{
  "name": "Reading circle",
  "room": "PASTE-THE-ID-HERE"
}
`,
    headers,
  },
  {
    query: `# 3 of 5. Send a message. The same clientMessageId sends once, however often you press Ctrl-Enter:
# change it, and the text, for the next message.
mutation Send($room: ID!, $text: String!, $key: ID!) {
  sendMessage(input: { conversationId: $room, text: $text, clientMessageId: $key }) {
    ... on SendMessagePayload { position duplicate message { id number text } }
    ... on Error { code detail }
  }
}
`,
    variables: `{
  "room": "PASTE-THE-ID-HERE",
  "text": "Hello!",
  "key": "1"
}
`,
    headers,
  },
  {
    query: `# 4 of 5. Follow the room, over a WebSocket. Leave it running, and send another message in tab 3.
# After a break, give the last cursor as "after": you get exactly what you have missed.
subscription Follow($room: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $room, after: $after) {
    cursor
    caughtUp
    events {
      __typename
      revision
      ... on MessageSent { message { id number text author { displayName } } }
      ... on UserJoined { user { displayName } }
    }
  }
}
`,
    variables: room,
    headers,
  },
  {
    query: `# 5 of 5. Read the history.
query History($room: ID!) {
  conversation(id: $room) {
    messages(last: 20) {
      nodes { number text sentAt author { displayName } }
    }
  }
}
`,
    variables: room,
    headers,
  },
]
