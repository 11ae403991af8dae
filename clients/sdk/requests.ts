// Questions and commands, over HTTP: on whichever node answers.

import type { Addresses } from './addresses.ts'
import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { RefusedError, refusalOf, SessionEndedError, UnreachableError } from './errors.ts'
import type { TypedDocumentString } from './generated/documents.ts'

export type Fetch = (
  address: string,
  request: {
    readonly method: 'POST'
    readonly headers: Record<string, string>
    readonly body: string
    readonly signal: AbortSignal
  },
) => Promise<{ readonly status: number; json(): Promise<unknown> }>

/** In whose name is asked. */
interface Credentials {
  readonly token: string
  /** @throws {SessionEndedError} they hold no longer */
  check(): void
  /** The server does not take them any more. */
  end(): void
}

interface RequestsOptions {
  readonly addresses: Addresses
  readonly clock: Clock
  /** The browser's or Node's own unless said. */
  readonly fetch?: Fetch | undefined
  /** How long an answer may take. */
  readonly timeoutMs?: number
}

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string }[]
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined
  /** How often it is tried before giving up; for ever unless said. */
  readonly attempts?: number
}

/** How often a server may fail over a question before that is taken for its answer. */
const failuresTaken = 5

export class Requests {
  readonly #addresses: Addresses
  readonly #clock: Clock
  readonly #fetch: Fetch
  readonly #timeoutMs: number
  #session: Credentials | undefined

  constructor({ addresses, clock, fetch = globalThis.fetch, timeoutMs = 15_000 }: RequestsOptions) {
    this.#addresses = addresses
    this.#clock = clock
    this.#fetch = (address, request) => fetch(address, request)
    this.#timeoutMs = timeoutMs
  }

  /** From now on everything is asked in this session. */
  signIn(session: Credentials): void {
    this.#session = session
  }

  /**
   * Asks once. Where nobody answers, whoever asks next asks another node.
   * @throws {RefusedError} the server says no
   * @throws {UnreachableError} there is no answer; a command may have been carried out
   * @throws {SessionEndedError} nobody is signed in any more
   */
  async once<Result, Variables>(
    document: TypedDocumentString<Result, Variables> | string,
    variables: Variables,
    signal?: AbortSignal,
  ): Promise<Result> {
    const session = this.#session
    session?.check()
    const address = this.#addresses.current
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const request = {
      method: 'POST' as const,
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(session ? { authorization: `Bearer ${session.token}` } : undefined),
      },
      body: JSON.stringify({ query: document.toString(), variables }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    }
    let answer: Answer
    try {
      const response = await this.#fetch(address, request)
      // What stands between may answer in its own way: that is no answer.
      answer = (await response.json()) as Answer
      if (!answer.errors && answer.data == null) throw new Error(`It answered ${response.status} without data.`)
    } catch (cause) {
      signal?.throwIfAborted()
      this.#addresses.avoid(address)
      throw new UnreachableError(`${address} does not answer.`, { cause })
    }
    // The document says what the data is, and the server has checked the document.
    if (!answer.errors) return answer.data as Result
    const refusal = refusalOf(answer.errors)
    if (refusal.code === 'UNAUTHENTICATED' && session) {
      session.end()
      throw new SessionEndedError()
    }
    if (refusal.code === 'UNAVAILABLE') this.#addresses.avoid(address)
    throw refusal
  }

  /**
   * Asks until there is an answer: for what can be asked again. A server that fails over it is asked some times only.
   * @throws as `once`, the last time it was tried
   */
  async ask<Result, Variables>(
    document: TypedDocumentString<Result, Variables> | string,
    variables: Variables,
    { signal, attempts = Number.POSITIVE_INFINITY }: AskOptions = {},
  ): Promise<Result> {
    const backoff = new Backoff({ clock: this.#clock })
    let failures = 0
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(document, variables, signal)
      } catch (error) {
        const passing = error instanceof UnreachableError || (error instanceof RefusedError && error.passing)
        if (error instanceof RefusedError && error.code === 'INTERNAL') failures += 1
        if (!passing || attempt >= attempts || failures === failuresTaken) throw error
        const least = error instanceof RefusedError ? (error.retryAfterMs ?? 0) : 0
        await this.#clock.sleep(least + backoff.next(), signal)
        signal?.throwIfAborted()
      }
    }
  }
}
