// The tabs that GraphiQL opens with: a first conversation, in six steps. The editor shows some 55 columns beside its buttons.

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
    query: `# 1 of 6. Make an account, with Ctrl-Enter.
# Take another name where this one is taken.
#
# Then copy the token from the answer. Paste it into
# the "Headers" editor, below, of each tab that
# follows, so that it reads
#   {"authorization": "Bearer session_…"}
mutation Register {
  register(input: {
    username: "ada"
    password: "analytical-engine-1843"
  }) {
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
    query: `# 2 of 6. Make a room; you are its first member.
# Copy its id for the tabs that follow.
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
    query: `# 3 of 6. Send a message. The same clientMessageId
# sends once, however often you press Ctrl-Enter:
# change it, and the text, for the next message.
mutation Send($room: ID!, $text: String!, $key: ID!) {
  sendMessage(input: {
    conversationId: $room
    text: $text
    clientMessageId: $key
  }) {
    ... on SendMessagePayload {
      position
      duplicate
      message { id number text }
    }
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
    query: `# 4 of 6. Follow the room, over a WebSocket. Send from
# tab 3 of a second window: leaving this tab stops it.
# After a break, give the last cursor as "after", below:
# you get exactly what you have missed.
subscription Follow($room: ID!, $after: FeedCursor) {
  conversationFeed(
    conversationId: $room
    after: $after
  ) {
    cursor
    caughtUp
    events {
      __typename
      revision
      ... on MessageSent {
        message { id number text author { displayName } }
      }
      ... on UserJoined { user { displayName } }
    }
  }
}
`,
    variables: `{
  "room": "PASTE-THE-ID-HERE",
  "after": null
}
`,
    headers,
  },
  {
    query: `# 5 of 6. Read the history.
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
  {
    query: `# 6 of 6. Follow all of your conversations at once.
# Write to somebody with the second operation, from a
# second window. Writing to yourself makes notes.
subscription Inbox($after: FeedCursor) {
  inboxFeed(after: $after) {
    cursor
    caughtUp
    events {
      __typename
      ... on MessageSent { message { text } }
      ... on DMSent {
        message { text author { displayName } }
      }
    }
  }
}

mutation WriteTo($name: String!, $text: String!) {
  sendDM(input: { toUsernames: [$name], text: $text }) {
    ... on SendDMPayload {
      conversation { id }
      message { number text }
    }
    ... on Error { code detail }
  }
}
`,
    variables: `{
  "name": "ada",
  "text": "A note to myself"
}
`,
    headers,
  },
]
