// A client of the API as tests use it: GraphQL over HTTP, and feeds over graphql-ws.

import type { ExecutionResult } from 'graphql'
import { createClient, type Client as SocketClient } from 'graphql-ws'
import { WebSocket } from 'ws'

type Variables = Readonly<Record<string, unknown>>

/** The data of an answer. Tests look into answers of every shape, and say themselves what they expect there. */
// biome-ignore lint/suspicious/noExplicitAny: what is expected of it is what the tests are about
export type Data = Readonly<Record<string, any>>

/** What came back, as it is: for tests of errors. */
export interface Answer<T = Data> {
  readonly status: number
  readonly headers: Headers
  readonly body: ExecutionResult<T>
}

export class ApiClient {
  readonly graphql: string
  readonly token: string | undefined

  constructor(graphql: string, token?: string) {
    this.graphql = graphql
    this.token = token
  }

  async post<T = Data>(
    query: string,
    variables: Variables = {},
    {
      headers = {},
      extensions,
    }: { readonly headers?: Readonly<Record<string, string>>; readonly extensions?: Variables } = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.graphql, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(this.token === undefined ? undefined : { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
      body: JSON.stringify({ query, variables, extensions }),
    })
    return { status: response.status, headers: response.headers, body: (await response.json()) as ExecutionResult<T> }
  }

  /** The data. @throws with the errors where there are any */
  async query<T = Data>(query: string, variables: Variables = {}, options = {}): Promise<T> {
    const { body } = await this.post<T>(query, variables, options)
    if (body.errors || body.data == null) throw new Error(JSON.stringify(body.errors))
    return body.data
  }

  /** The result of a mutation's only field. */
  async command(mutation: string, variables: Variables = {}): Promise<Data> {
    const data = await this.query(mutation, variables)
    const [result] = Object.values(data)
    return result
  }

  /** A socket of this client. Dispose of it at the end. */
  socket(options: Partial<Parameters<typeof createClient>[0]> = {}): SocketClient {
    return createClient({
      url: this.graphql.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy: true,
      ...(this.token === undefined ? undefined : { connectionParams: { authorization: `Bearer ${this.token}` } }),
      ...options,
    })
  }
}

const errorFields = '__typename ... on Error { code detail field }'

/** Registers somebody, and gives a client that is signed in as them. */
export async function registered(graphql: string, username: string): Promise<ApiClient & { readonly userId: string }> {
  const { token, user } = await new ApiClient(graphql).command(
    `mutation ($input: RegisterInput!) { register(input: $input) { ${errorFields} ... on RegisterPayload { token user { id } } } }`,
    { input: { username, password: 'correct horse battery' } },
  )
  return Object.assign(new ApiClient(graphql, token), { userId: user.id })
}

/** A guest: quicker than an account, since nothing is hashed. */
export async function guest(graphql: string, displayName?: string): Promise<ApiClient & { readonly userId: string }> {
  const { token, user } = await new ApiClient(graphql).command(
    `mutation ($input: CreateGuestInput!) { createGuest(input: $input) { ${errorFields} ... on CreateGuestPayload { token user { id } } } }`,
    { input: { displayName } },
  )
  return Object.assign(new ApiClient(graphql, token), { userId: user.id })
}

export const createRoom = async (client: ApiClient, name: string): Promise<{ id: string; slug: string }> =>
  (
    await client.command(
      `mutation ($input: CreateRoomInput!) { createRoom(input: $input) { ${errorFields} ... on CreateRoomPayload { room { id slug } } } }`,
      { input: { name } },
    )
  ).room

export const join = (client: ApiClient, roomId: string) =>
  client.command(
    `mutation ($input: JoinRoomInput!) { joinRoom(input: $input) { ${errorFields} ... on JoinRoomPayload { position } } }`,
    { input: { roomId } },
  )

export const send = (client: ApiClient, conversationId: string, text: string, clientMessageId?: string) =>
  client.command(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${errorFields} ... on SendMessagePayload { position duplicate message { id number revision } } } }`,
    { input: { conversationId, text, clientMessageId } },
  )
