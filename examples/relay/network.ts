// Relay's network layer: operations over HTTP, subscriptions over graphql-ws. A lost connection is made good in here; the environment
// and its hooks see one subscription without end.

import { setTimeout as sleep } from 'node:timers/promises'
import type { FormattedExecutionResult } from 'graphql'
import { createClient } from 'graphql-ws'
import {
  type FetchFunction,
  type GraphQLResponse,
  type INetwork,
  Network,
  Observable,
  type SubscribeFunction,
} from 'relay-runtime'

interface NetworkOptions {
  /** The address of /graphql. */
  readonly url: string
  /** Undefined before somebody has signed in. */
  readonly token: () => string | undefined
}

/** Refused, or the session has ended: coming back would not help. */
function isOver(error: unknown): boolean {
  if (Array.isArray(error)) return error[0]?.extensions?.code !== 'UNAVAILABLE'
  return error instanceof Object && 'code' in error && (error.code === 4403 || error.code === 4291)
}

/** The cursor of a frame, whatever the feed. */
function cursorOf({ data }: FormattedExecutionResult): string | undefined {
  for (const feed of Object.values(data ?? {}))
    if (feed instanceof Object && 'cursor' in feed && typeof feed.cursor === 'string') return feed.cursor
  return undefined
}

export function createNetwork({ url, token }: NetworkOptions): { network: INetwork; post: FetchFunction } {
  const bearer = (): Record<string, string> => (token() ? { authorization: `Bearer ${token()}` } : {})

  const post: FetchFunction = async ({ text }, variables) => {
    const headers = { 'content-type': 'application/json', ...bearer() }
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: text, variables }),
    }).catch(() => {
      throw new Error(`nobody answers. Is Parley running at ${url}?`)
    })
    // What comes is what Relay has asked for.
    return (await response.json()) as GraphQLResponse
  }

  const socket = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: bearer,
    retryAttempts: 0, // It would come back with the cursor that it was first given.
  })

  const subscribe: SubscribeFunction = ({ text }, asked) =>
    Observable.create((sink) => {
      let variables = asked
      let frames: AsyncIterableIterator<FormattedExecutionResult> | undefined
      const followForEver = async (): Promise<void> => {
        while (!sink.closed) {
          try {
            frames = socket.iterate({ query: text ?? '', variables })
            for await (const frame of frames) {
              // graphql-ws and Relay describe the same answers with types of their own.
              sink.next(frame as GraphQLResponse)
              variables = { ...variables, after: cursorOf(frame) ?? variables.after }
            }
          } catch (error) {
            if (isOver(error)) throw error
          }
          await sleep(100 + Math.random() * 900)
        }
      }
      followForEver().catch((error) => sink.error(error))
      return () => void frames?.return?.()
    })

  return { network: Network.create(post, subscribe), post }
}
