// A live field over a socket, with every frame kept that has come.

import type { Client } from 'graphql-ws'
import { expect, vi } from 'vitest'
import type { ApiClient, Data } from './client.ts'

export interface Following extends AsyncDisposable {
  readonly frames: readonly Data[]
  /** Resolves when the server has ended it; with the codes of the errors, if there were any. */
  readonly ended: Promise<readonly string[]>
  /** The frame of this number, from 0, once it has come. */
  frame(number: number): Promise<Data>
  /** Waits until a frame fits, looking through those that have come too. */
  until(fits: (frame: Data) => boolean): Promise<Data>
}

const patience = { timeout: 15_000, interval: 5 }

/** Follows the only field of a subscription, on a socket of its own unless one is given. */
export function follow(
  client: ApiClient,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  socket: Client = client.socket(),
): Following {
  const frames: Data[] = []
  const { promise: ended, resolve } = Promise.withResolvers<readonly string[]>()
  const stop = socket.subscribe<Data>(
    { query, variables },
    {
      next: ({ data }) => {
        const [frame] = Object.values(data ?? {})
        frames.push(frame)
      },
      error: (error) =>
        resolve(Array.isArray(error) ? error.map(({ extensions }) => extensions?.code) : ['the socket was closed']),
      complete: () => resolve([]),
    },
  )
  return {
    frames,
    ended,
    frame: async (number) => {
      await vi.waitFor(() => expect(frames.length).toBeGreaterThan(number), patience)
      return frames[number] ?? {}
    },
    until: async (fits) => {
      await vi.waitFor(() => expect(frames.some(fits)).toBe(true), patience)
      return frames.find(fits) ?? {}
    },
    [Symbol.asyncDispose]: async () => {
      stop()
      await socket.dispose()
    },
  }
}
