// Operations whose results come as server-sent events: subscriptions, and queries and mutations just as well.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionResult, GraphQLError } from 'graphql'
import type { Connections } from './connections.ts'
import { EventBlocks } from './eventBlocks.ts'
import { EventStream } from './eventStream.ts'
import type { FrameStream } from './frameStream.ts'
import type { Gate } from './gate.ts'
import {
  asRequest,
  errorResponse,
  type GraphqlRequest,
  type HttpHandler,
  headerOf,
  mutationByGet,
} from './graphqlHttp.ts'
import { sendNotJson } from './problem.ts'
import { refusalError } from './refusal.ts'
import { type OperationParams, readRequestParams } from './requestParams.ts'

interface SseOptions {
  readonly gate: Gate
  readonly connections: Connections
}

/** Whether a stream is named before JSON: some clients take either for what is no subscription, and read JSON better. */
export function wantsEventStream({ headers: { accept = '' } }: IncomingMessage): boolean {
  const [stream, json] = [accept.indexOf('text/event-stream'), accept.indexOf('json')]
  return stream !== -1 && (json === -1 || stream < json)
}

export function createSse({ gate, connections }: SseOptions): HttpHandler {
  const blocks = new EventBlocks()
  return async (asked, response) => {
    const { request, connection } = asked
    const refuse = (errors: readonly GraphQLError[], status: number): void => {
      const [body, init] = errorResponse(errors, status, request)
      response.writeHead(init.status, { ...init.headers, 'cache-control': 'no-store' }).end(body)
    }
    const operation = await readParams(asked)
    if (operation instanceof GraphQLError) return refuse([operation], 400)
    if (operation === 'not JSON') return sendNotJson(response)
    const admitted = await gate.admit({
      transport: 'sse',
      connection,
      operation,
      authorization: request.headers.authorization,
      atLeast: headerOf(request, 'parley-at-least'),
    })
    const { address } = connection
    const open = (hasFeeds: boolean) => openStream({ gate, connections, address, response, hasFeeds, blocks })
    if (admitted.kind === 'refused') {
      // A browser's EventSource shows nothing of an answer that is no stream: what is wrong with the document comes in one.
      return admitted.status === 400
        ? sendOnly(open(false), { errors: admitted.errors })
        : refuse(admitted.errors, admitted.status)
    }
    if (admitted.operation === 'subscription') {
      const full = connections.refusal(address)
      if (full) return refuse(full.errors, full.status)
      // A browser's EventSource comes back by itself, to the address that it was first given: this says where it stands.
      const frames = await gate.subscribe(admitted, headerOf(request, 'last-event-id') || undefined)
      if (!('next' in frames)) return sendOnly(open(false), { errors: frames })
      // Others may have come in while the feed was being opened.
      const fullNow = connections.refusal(address)
      if (fullNow) {
        void frames.return()
        return refuse(fullNow.errors, fullNow.status)
      }
      return pass(frames, open(true), response)
    }
    if (admitted.operation === 'mutation' && request.method === 'GET') {
      response.setHeader('allow', 'POST')
      return refuse([refusalError('BAD_INPUT', mutationByGet)], 405)
    }
    const result = await gate.run(admitted)
    if ('kind' in result) return refuse(result.errors, result.status)
    return sendOnly(open(false), result)
  }
}

/** The parameters; or what is wrong with them; or that it is not said to be JSON. */
async function readParams(asked: GraphqlRequest): Promise<OperationParams | GraphQLError | 'not JSON'> {
  try {
    const params = await readRequestParams(asRequest(asked))
    // Other methods than GET and POST do not come here.
    return 'query' in params ? params : 'not JSON'
  } catch (error) {
    return refusalError('BAD_INPUT', error instanceof Error ? error.message : 'The request cannot be read.')
  }
}

interface OpenStream {
  readonly gate: Gate
  readonly connections: Connections
  readonly address: string
  readonly response: ServerResponse
  readonly hasFeeds: boolean
  readonly blocks: EventBlocks
}

function openStream({ gate, connections, address, response, hasFeeds, blocks }: OpenStream): EventStream {
  const stream = new EventStream({ address, response, limits: gate.limits, wheel: gate.wheel, hasFeeds, blocks })
  // The client may have gone while its operation was carried out.
  if (response.destroyed) return stream
  connections.add(stream)
  response.once('close', () => connections.remove(stream))
  return stream
}

async function sendOnly(stream: EventStream, result: ExecutionResult): Promise<void> {
  await stream.next(result)
  stream.complete()
}

/** Takes the next frame only when the one before has gone out. */
async function pass(frames: FrameStream, stream: EventStream, response: ServerResponse): Promise<void> {
  response.once('close', () => void frames.return())
  // The client may have gone while the feed was being opened.
  if (response.destroyed) return void frames.return()
  frames.deliverTo({ deliver: (frame) => stream.next(frame), busy: () => stream.busy() })
  try {
    for await (const frame of frames) {
      await stream.next(frame)
      // Asked here too: a source that always has more would never let the response tell that it has closed.
      if (!stream.open) return
    }
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    await stream.next({ errors: [error] })
  }
  stream.complete()
}
