// Accounts and rooms to measure with, made over the API.

import { atOnce } from './pause.ts'

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

export interface Crowd {
  readonly rooms: readonly string[]
  /** Session tokens: of somebody in the first room, somebody in the second, and so on, again and again. */
  readonly tokens: readonly string[]
}

/** So many guests, each in one of the rooms. */
export async function makeCrowd(
  graphql: string,
  { members, rooms: count }: { readonly members: number; readonly rooms: number },
): Promise<Crowd> {
  const owner = await register(graphql, 'owner')
  const rooms: string[] = []
  while (rooms.length < count) rooms.push(await createRoom(graphql, owner, `Measured ${rooms.length}`))
  const tokens: string[] = []
  await atOnce(members, 32, async (index) => {
    const token = await createGuest(graphql)
    await joinRoom(graphql, token, rooms[index % count] ?? '')
    tokens[index] = token
  })
  return { rooms, tokens }
}

/** A room that everyone may join, with so many guests in it, the first account being its owner. */
export async function makeRoom(graphql: string, members: number): Promise<Room> {
  const roomId = await createRoom(graphql, await register(graphql, 'owner'), 'Measured')
  const tokens: string[] = []
  while (tokens.length < members) {
    const token = await createGuest(graphql)
    await joinRoom(graphql, token, roomId)
    tokens.push(token)
  }
  return { roomId, tokens }
}

/** Rooms that so many guests are all members of. */
export async function makeRooms(
  graphql: string,
  { members, rooms }: { readonly members: number; readonly rooms: number },
): Promise<{ readonly roomIds: readonly string[]; readonly tokens: readonly string[] }> {
  const { roomId, tokens } = await makeRoom(graphql, members)
  const roomIds = [roomId]
  const maker = await register(graphql, 'maker')
  while (roomIds.length < rooms) roomIds.push(await createRoom(graphql, maker, `Measured ${roomIds.length}`))
  for (const token of tokens) await Promise.all(roomIds.slice(1).map((id) => joinRoom(graphql, token, id)))
  return { roomIds, tokens }
}

/** Returns its id. */
async function createRoom(graphql: string, token: string, name: string): Promise<string> {
  const { createRoom } = await request<{ createRoom: { room: { id: string } } }>(
    graphql,
    'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { ... on CreateRoomPayload { room { id } } } }',
    { input: { name } },
    { token },
  )
  return createRoom.room.id
}

/** Returns the token of its session. */
async function createGuest(graphql: string): Promise<string> {
  const { createGuest } = await request<{ createGuest: { token: string } }>(
    graphql,
    'mutation { createGuest(input: {}) { ... on CreateGuestPayload { token } } }',
  )
  return createGuest.token
}

async function joinRoom(graphql: string, token: string, roomId: string): Promise<void> {
  const { joinRoom } = await request<{ joinRoom: { __typename: string } }>(
    graphql,
    'mutation ($roomId: ID!) { joinRoom(input: { roomId: $roomId }) { __typename } }',
    { roomId },
    { token },
  )
  if (joinRoom.__typename !== 'JoinRoomPayload') throw new Error(`Joining was answered with ${joinRoom.__typename}.`)
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
