// The open client connections: sockets and event streams.

export interface OpenConnection {
  /** Whether it carries at least one subscription. */
  readonly hasFeeds: boolean
  /** @param code as of a WebSocket; an event stream just ends, unfinished, so that its client comes back. */
  close(code: number, reason: string): void
  /** Without a farewell. */
  destroy(): void
}

export class Connections {
  readonly #limit: number
  readonly #open = new Set<OpenConnection>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get count(): number {
    return this.#open.size
  }

  /** Whether there is room for one more. */
  get room(): boolean {
    return this.#open.size < this.#limit
  }

  add(connection: OpenConnection): void {
    this.#open.add(connection)
  }

  remove(connection: OpenConnection): void {
    this.#open.delete(connection)
  }

  closeAll(code: number, reason: string): void {
    for (const connection of [...this.#open]) connection.close(code, reason)
  }

  destroyAll(): void {
    for (const connection of [...this.#open]) connection.destroy()
  }

  /** Closes only those that carry subscriptions. */
  closeFeeds(code: number, reason: string): void {
    for (const connection of [...this.#open]) if (connection.hasFeeds) connection.close(code, reason)
  }
}
