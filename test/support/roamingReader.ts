// Somebody who follows a conversation on whichever node lives: cut off on one, they go on where they were on the next.

import { setTimeout as sleep } from 'node:timers/promises'
import { type FeedConnection, followOverSocket, type SeenEvent } from './feedReader.ts'
import type { Random } from './random.ts'

interface Told extends SeenEvent {
  readonly message?: { readonly text: string | null } | null
}

interface Roaming {
  /** The GraphQL addresses of the nodes. */
  readonly nodes: () => readonly string[]
  readonly token: string | undefined
  readonly conversationId: string
  readonly random: Random
}

export class RoamingReader {
  readonly #roaming: Roaming
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #connection: FeedConnection | undefined
  #after: string | undefined
  readonly events: Told[] = []
  connections = 0
  resets = 0
  /** Codes that its connections were closed with, and of errors. */
  readonly endings: (number | string)[] = []
  /** When the last frame came; ms of `performance.now()`. */
  heardAt = 0

  constructor(roaming: Roaming) {
    this.#roaming = roaming
    this.#running = this.#roam()
  }

  /** Of the messages, in the order in which they were told. */
  get texts(): readonly string[] {
    return this.events.flatMap(({ message }) => message?.text ?? [])
  }

  get revisions(): readonly number[] {
    return this.events.map(({ revision }) => revision)
  }

  /** Goes somewhere else now. */
  move(): void {
    this.#connection?.drop()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#connection?.drop()
    await this.#running
  }

  async #roam(): Promise<void> {
    const { nodes, random, token, conversationId } = this.#roaming
    while (!this.#stop.signal.aborted) {
      this.connections++
      let silentSince = performance.now()
      const place = {
        graphql: random.pick(nodes()),
        token,
        conversationId,
        after: this.#after,
        fields: '... on MessageSent { message { text } }',
      }
      const connection = followOverSocket(place, ({ cursor, reset, events }) => {
        this.#after = cursor
        this.heardAt = silentSince = performance.now()
        if (reset !== null) this.resets++
        this.events.push(...events)
      })
      this.#connection = connection
      // A node that hangs closes nothing: whoever hears nothing for long goes elsewhere.
      const impatient = setInterval(() => {
        if (performance.now() - silentSince > 4_000) connection.drop()
      }, 200)
      const { closeCode, errors } = await connection.ended
      clearInterval(impatient)
      this.endings.push(...(errors.length > 0 ? errors : [closeCode]))
      await sleep(50, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }
}
