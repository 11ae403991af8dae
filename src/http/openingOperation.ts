// An operation that has been asked for and is not answered yet, as graphql-ws keeps it among those of its socket.

/**
 * graphql-ws goes by ids, and a client may use one again as soon as it has completed it: what was given up meanwhile would pass for the
 * new operation, and take its place. This stands in the list for as long as there is nothing else to stand there, and hears
 * when it is taken out, by the client's `complete` or because the socket has closed.
 */
export class OpeningOperation implements AsyncIterableIterator<never, undefined> {
  givenUp = false

  async next(): Promise<IteratorReturnResult<undefined>> {
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.givenUp = true
    return { done: true, value: undefined }
  }
}
