// The nodes of a server. Any of them will do: whoever is cut off by one goes on at the next.

export class Addresses {
  readonly #list: readonly string[]
  #index = 0

  /**
   * @param list `http://127.0.0.1:4000`, with or without a path; `/graphql` where it has none
   * @throws {TypeError} it is empty, or one is no address
   */
  constructor(list: readonly string[]) {
    if (list.length === 0) throw new TypeError('Give at least one address of a server, such as http://127.0.0.1:4000.')
    this.#list = list.map(complete)
  }

  /** Where to ask, over HTTP. */
  get current(): string {
    // The index stays within the list, which is not empty.
    return this.#list[this.#index] ?? ''
  }

  get count(): number {
    return this.#list.length
  }

  /** This one did not serve: the next is used, unless somebody else has moved on already. */
  avoid(address: string): void {
    if (address === this.current) this.#index = (this.#index + 1) % this.#list.length
  }
}

/** The same place as a WebSocket. */
export const socketAddress = (address: string): string => address.replace(/^http/, 'ws')

function complete(address: string): string {
  const url = new URL(address.replace(/^ws/, 'http'))
  if (url.pathname === '/') url.pathname = '/graphql'
  return url.href
}
