// Calls of the GraphQL API over HTTP, as any client can make them.

import { setTimeout as pause } from 'node:timers/promises'

type Variables = Readonly<Record<string, unknown>>

interface Answer<T> {
  readonly data?: T | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

interface Refusal {
  readonly __typename: string
  readonly code: string
  readonly detail: string
  readonly retryAfterSeconds?: number
}

/** What every mutation asks beside its payload. */
export const refusalFields = '__typename ... on Error { code detail } ... on RateLimitedError { retryAfterSeconds }'

/** The server refused a command; `code` is for programs, the message for people. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string
  constructor({ code, detail }: Refusal) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}

/** How often a command without a known outcome is sent again. All commands of this program may be repeated. */
const repeats = 5

/** Somebody, or nobody yet, at the API. */
export class Api {
  /** Where GraphQL is served: `http://127.0.0.1:4000/graphql`. Of several nodes, each call goes to the next one. */
  readonly nodes: readonly string[]
  readonly token: string | undefined
  /** How often, and for how long in ms, the server asked to wait; shared by all that come from the same `Api`. */
  readonly waits: { count: number; ms: number }
  /** Calls made so far; shared likewise. */
  readonly #calls: { count: number }

  constructor(nodes: readonly string[], token?: string, waits = { count: 0, ms: 0 }, calls = { count: 0 }) {
    this.nodes = nodes
    this.token = token
    this.waits = waits
    this.#calls = calls
  }

  /** The same server, signed in. */
  as(token: string): Api {
    return new Api(this.nodes, token, this.waits, this.#calls)
  }

  /**
   * @typeParam T what the document asks for
   * @param atLeast a position that a command answered with: the answer sees all that was written up to there
   * @throws with the server's words where there is an error
   */
  async query<T>(document: string, variables: Variables = {}, atLeast?: string): Promise<T> {
    const node = this.nodes[this.#calls.count++ % this.nodes.length]
    if (node === undefined) throw new Error('There is no server to call.')
    const response = await fetch(node, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(atLeast === undefined ? {} : { 'parley-at-least': atLeast }),
      },
      body: JSON.stringify({ query: document, variables }),
    })
    // GraphQL answers with what the document asks for, which the caller has written beside the type.
    const { data, errors } = (await response.json()) as Answer<T>
    if (errors !== undefined || data == null)
      throw new Error(`${response.status}: ${errors?.map(({ message }) => message).join('; ') ?? 'no data'}`)
    return data
  }

  /**
   * The result of a document with one mutation. Waits and tries again where the server asks for it.
   *
   * @typeParam T the payload
   * @throws {Refused} where the answer is an error for good
   */
  async command<T>(document: string, input: Variables): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const [result] = Object.values(await this.query<Readonly<Record<string, T | Refusal>>>(document, { input }))
      if (result === undefined) throw new Error('The answer holds no result.')
      if (!isRefusal(result)) return result
      const again = result.code === 'RATE_LIMITED' || (result.code === 'UNAVAILABLE' && attempt < repeats)
      if (!again) throw new Refused(result)
      const ms = (result.retryAfterSeconds ?? 1) * 1000
      this.waits.count++
      this.waits.ms += ms
      await pause(ms)
    }
  }
}

const isRefusal = (result: unknown): result is Refusal =>
  typeof result === 'object' && result !== null && 'code' in result && 'detail' in result
