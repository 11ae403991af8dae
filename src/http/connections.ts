// The open client connections: sockets and event streams.

import { addressGroup } from '../accounts/addressGroup.ts'
import { isLoopback } from './clientAddress.ts'
import { type Refused, refused } from './refusal.ts'

/** Open connections of one address, or of one IPv6 network of the size that one customer gets. */
const connectionsPerAddress = 1_000

/** When the server stops, its connections are closed this far apart, but all of them within some seconds; ms. */
const leaveMs = 2
const leaveAllMs = 4_000
const leaveTurnMs = 20

export interface OpenConnection {
  /** Of its client. */
  readonly address: string
  /** Whether it carries at least one subscription. */
  readonly hasFeeds: boolean
  /** @param code as of a WebSocket; an event stream just ends, unfinished, so that its client comes back. */
  close(code: number, reason: string): void
  /** Without a farewell. */
  destroy(): void
}

export interface ConnectionsOptions {
  readonly limit: number
  readonly perAddress?: number | undefined
}

export class Connections {
  readonly #limit: number
  readonly #perAddress: number
  readonly #open = new Set<OpenConnection>()
  readonly #byAddress = new Map<string, number>()
  #leaving = false

  /**
   * @param limit open connections in all
   * @param perAddress of one address group; connections from this machine are only counted in all
   */
  constructor({ limit, perAddress = connectionsPerAddress }: ConnectionsOptions) {
    this.#limit = limit
    this.#perAddress = perAddress
  }

  get count(): number {
    return this.#open.size
  }

  /** Why there is no room for one more from this address; nothing where there is. */
  refusal(address: string): Refused | undefined {
    if (this.#leaving) return refused('UNAVAILABLE', 'The server is restarting. Come back in a moment.')
    if (this.#open.size >= this.#limit)
      return refused('UNAVAILABLE', 'The server has as many connections as it can hold. Come back later.')
    if (isLoopback(address) || (this.#byAddress.get(addressGroup(address)) ?? 0) < this.#perAddress) return undefined
    return refused(
      'RATE_LIMITED',
      `Your address has ${this.#perAddress} connections open already: close some of them. A server behind a proxy needs PARLEY_TRUST_PROXY=on to tell its clients apart.`,
    )
  }

  add(connection: OpenConnection): void {
    if (this.#open.has(connection)) return
    this.#open.add(connection)
    const group = addressGroup(connection.address)
    this.#byAddress.set(group, (this.#byAddress.get(group) ?? 0) + 1)
  }

  remove(connection: OpenConnection): void {
    if (!this.#open.delete(connection)) return
    const group = addressGroup(connection.address)
    const left = (this.#byAddress.get(group) ?? 0) - 1
    if (left > 0) this.#byAddress.set(group, left)
    else this.#byAddress.delete(group)
  }

  /**
   * Takes none any more, and closes those that are open one after the other, so that not all of them come to another server at the
   * same moment. @returns when all have been told
   */
  async sendAway(code: number, reason: string): Promise<void> {
    this.#leaving = true
    const leaving = [...this.#open]
    const turns = Math.ceil(Math.min(leaving.length * leaveMs, leaveAllMs) / leaveTurnMs)
    for (let turn = 1; turn <= turns; turn++) {
      const told = leaving.splice(0, Math.ceil(leaving.length / (turns - turn + 1)))
      for (const connection of told) connection.close(code, reason)
      if (leaving.length > 0) await new Promise((resolve) => setTimeout(resolve, leaveTurnMs))
    }
  }

  destroyAll(): void {
    for (const connection of [...this.#open]) connection.destroy()
  }

  /** Closes only those that carry subscriptions. */
  closeFeeds(code: number, reason: string): void {
    for (const connection of [...this.#open]) if (connection.hasFeeds) connection.close(code, reason)
  }
}
