// GraphQL over HTTP, POST and GET. graphql-http keeps to its specification; the gate decides.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { GraphQLError } from 'graphql'
import { createHandler, type Request, type Response } from 'graphql-http'
import type { Gate } from './gate.ts'
import type { Connection } from './gateRequest.ts'
import { sendNotJson } from './problem.ts'
import { type Refused, refusalError, withCode } from './refusal.ts'
import { type OperationParams, readRequestParams } from './requestParams.ts'

/** One request with its body, read already. */
export interface GraphqlRequest {
  readonly request: IncomingMessage
  readonly body: string
  readonly connection: Connection
}

export type HttpHandler = (request: GraphqlRequest, response: ServerResponse) => Promise<void>

export const mutationByGet = 'Mutations are sent with POST: what is fetched with GET must change nothing.'

const subscriptionWithoutStream =
  'A subscription needs the header "Accept: text/event-stream", or a WebSocket with the subprotocol graphql-transport-ws.'

export function createGraphqlHttp(gate: Gate): HttpHandler {
  const handle = createHandler<IncomingMessage, Connection>({
    formatError: (error) =>
      error instanceof GraphQLError ? error : new GraphQLError(error.message, { extensions: { code: 'BAD_INPUT' } }),
    parseRequestParams: readRequestParams,
    onSubscribe: (request, params) => carryOut(gate, request, params),
  })
  return async (asked, response) => {
    const [body, init] = await handle(asRequest(asked))
    if (init.status === 415) return sendNotJson(response)
    response.writeHead(init.status, init.statusText, {
      ...init.headers,
      'cache-control': 'no-store',
      'content-length': Buffer.byteLength(body ?? ''),
    })
    response.end(body)
  }
}

/** As graphql-http wants to see it. */
export function asRequest({ request, body, connection }: GraphqlRequest): Request<IncomingMessage, Connection> {
  const { method = '', url = '', headers } = request
  return { method, url, headers, body, raw: request, context: connection }
}

async function carryOut(gate: Gate, request: Request<IncomingMessage, Connection>, operation: OperationParams) {
  const { raw, context: connection } = request
  const admitted = await gate.admit({
    transport: 'http',
    connection,
    operation,
    authorization: raw.headers.authorization,
    atLeast: headerOf(raw, 'parley-at-least'),
  })
  if (admitted.kind === 'refused') return refusal(admitted, raw)
  if (admitted.operation === 'subscription') return [refusalError('BAD_INPUT', subscriptionWithoutStream)]
  if (admitted.operation === 'mutation' && raw.method === 'GET') {
    const response = errorResponse([refusalError('BAD_INPUT', mutationByGet)], 405, raw)
    return [response[0], { ...response[1], headers: { ...response[1].headers, allow: 'POST' } }] as const
  }
  const result = await gate.run(admitted)
  if ('kind' in result) return refusal(result, raw)
  // Without data the request itself was wrong, a variable for instance.
  if (!('data' in result)) return (result.errors ?? []).map((error) => withCode(error, 'BAD_INPUT'))
  return result
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** What is wrong with the document is answered as the specification says; all else by its status. */
function refusal(refused: Refused, request: IncomingMessage): readonly GraphQLError[] | Response {
  return refused.status === 400 ? refused.errors : errorResponse(refused.errors, refused.status, request)
}

export function errorResponse(errors: readonly GraphQLError[], status: number, request: IncomingMessage): Response {
  const modern = request.headers.accept?.includes('application/graphql-response+json') ?? false
  const headers = {
    'content-type': `${modern ? 'application/graphql-response+json' : 'application/json'}; charset=utf-8`,
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="parley"' } : {}),
    ...(status === 503 ? { 'retry-after': '2' } : {}),
  }
  return [JSON.stringify({ errors }), { status, statusText: STATUS_CODES[status] ?? '', headers }]
}
