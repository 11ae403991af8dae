// Accounts and a room to measure with, made over the API.

export interface Room {
  readonly roomId: string
  /** Session tokens of its members. */
  readonly tokens: readonly string[]
}

export const password = 'correct horse battery'

/** One GraphQL operation over HTTP. @throws when it is answered with errors */
export async function request<T>(
  graphql: string,
  query: string,
  variables: object = {},
  { token }: { readonly token?: string | undefined } = {},
): Promise<T> {
  const response = await fetch(graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  })
  // The shape of an answer over HTTP; `data` is what the query asks for, which the caller states.
  const body = (await response.json()) as { readonly data?: T; readonly errors?: unknown }
  if (body.errors || body.data === undefined) throw new Error(`The server answered ${JSON.stringify(body)}`)
  return body.data
}

/** A room that everyone may join, with so many guests in it, the first account being its owner. */
export async function makeRoom(graphql: string, members: number): Promise<Room> {
  const owner = await register(graphql, 'owner')
  const { createRoom } = await request<{ createRoom: { room: { id: string } } }>(
    graphql,
    'mutation { createRoom(input: { name: "Measured" }) { ... on CreateRoomPayload { room { id } } } }',
    {},
    { token: owner },
  )
  const tokens: string[] = []
  while (tokens.length < members) {
    const { createGuest } = await request<{ createGuest: { token: string } }>(
      graphql,
      'mutation { createGuest(input: {}) { ... on CreateGuestPayload { token } } }',
    )
    const { joinRoom } = await request<{ joinRoom: { __typename: string } }>(
      graphql,
      'mutation ($roomId: ID!) { joinRoom(input: { roomId: $roomId }) { __typename } }',
      { roomId: createRoom.room.id },
      { token: createGuest.token },
    )
    if (joinRoom.__typename !== 'JoinRoomPayload') throw new Error(`Joining was answered with ${joinRoom.__typename}.`)
    tokens.push(createGuest.token)
  }
  return { roomId: createRoom.room.id, tokens }
}

/** Rooms that so many guests are all members of. */
export async function makeRooms(
  graphql: string,
  { members, rooms }: { readonly members: number; readonly rooms: number },
): Promise<{ readonly roomIds: readonly string[]; readonly tokens: readonly string[] }> {
  const { roomId, tokens } = await makeRoom(graphql, members)
  const roomIds = [roomId]
  const maker = await register(graphql, 'maker')
  while (roomIds.length < rooms) {
    const { createRoom } = await request<{ createRoom: { room: { id: string } } }>(
      graphql,
      'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { ... on CreateRoomPayload { room { id } } } }',
      { input: { name: `Measured ${roomIds.length}` } },
      { token: maker },
    )
    roomIds.push(createRoom.room.id)
  }
  const join = 'mutation ($roomId: ID!) { joinRoom(input: { roomId: $roomId }) { __typename } }'
  for (const token of tokens)
    await Promise.all(roomIds.slice(1).map((id) => request(graphql, join, { roomId: id }, { token })))
  return { roomIds, tokens }
}

/** Returns the token of the session that begins with it. */
export async function register(graphql: string, username: string): Promise<string> {
  const { register } = await request<{ register: { token: string } }>(
    graphql,
    'mutation ($input: RegisterInput!) { register(input: $input) { ... on RegisterPayload { token } } }',
    { input: { username, password } },
  )
  return register.token
}

export async function login(graphql: string, username: string): Promise<void> {
  const { login } = await request<{ login: { __typename: string } }>(
    graphql,
    'mutation ($input: LoginInput!) { login(input: $input) { __typename } }',
    { input: { username, password } },
  )
  if (login.__typename !== 'LoginPayload') throw new Error(`A login was answered with ${login.__typename}.`)
}
