// What one client may ask of the server. The same on every transport.

export interface Limits {
  /** Bytes of an HTTP body or of one WebSocket message. */
  readonly bodyBytes: number
  /** Lexical tokens of a document. */
  readonly documentTokens: number
  /** Fields below one another, fragments expanded. Introspection has a rule of its own in graphql. */
  readonly documentDepth: number
  /** Aliased fields, fragments expanded. */
  readonly documentAliases: number
  /** Fields in all, fragments expanded. */
  readonly documentFields: number
  /** Objects that one operation may ask for, lists within lists multiplied. */
  readonly operationObjects: number
  /** ms that a query may take, with what it waits for: it is answered within 5 s. */
  readonly queryMs: number
  /** Fields of the root type in one operation. */
  readonly rootFields: number
  /** Subscriptions that one socket may hold at a time. */
  readonly subscriptionsPerSocket: number
  /** Operations that one socket may have under way; it is not read from until one of them is answered. */
  readonly operationsUnderWay: number
  /** Bytes that wait for a client to read them; no frame is made for it while there are more. */
  readonly bufferedBytes: number
  /** ms after which a client that does not read is sent away. */
  readonly slowMs: number
  /** ms until a socket must have said `connection_init`. */
  readonly initMs: number
  /** ms between two pings of a socket; one that has not answered by the next is dead. */
  readonly pingMs: number
  /** ms between two comments of an event stream. */
  readonly commentMs: number
  /** Open sockets and event streams in all. */
  readonly connections: number
  /** Those of one account; a feed whose operation brings a token of its own counts as one. */
  readonly connectionsPerAccount: number
  readonly connectionsPerGuest: number
}

export const defaultLimits: Limits = {
  bodyBytes: 1_048_576,
  documentTokens: 2_000,
  documentDepth: 12,
  documentAliases: 50,
  documentFields: 1_000,
  operationObjects: 20_000,
  queryMs: 4_700,
  rootFields: 20,
  subscriptionsPerSocket: 100,
  operationsUnderWay: 64,
  bufferedBytes: 65_536,
  slowMs: 30_000,
  initMs: 3_000,
  pingMs: 45_000,
  commentMs: 12_000,
  connections: 20_000,
  connectionsPerAccount: 200,
  connectionsPerGuest: 50,
}
