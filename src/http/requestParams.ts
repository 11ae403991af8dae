// What an HTTP request asks for. graphql-http reads it; what it does not know of is the id of a listed document.

import { parseRequestParams, type Request, type RequestParams, type Response } from 'graphql-http'
import { isObject } from './gateRequest.ts'

export type OperationParams = RequestParams & { readonly documentId?: unknown }

/**
 * The parameters, or the answer for a method or content type that is not taken. `query` is empty where only the id of a
 * document was sent.
 * @throws {Error} they cannot be read
 */
export async function readRequestParams<R, C>(request: Request<R, C>): Promise<OperationParams | Response> {
  if (request.method === 'GET') return await fromAddress(request)
  const data = typeof request.body === 'string' ? parsed(request.body) : undefined
  if (!isObject(data)) return await parseRequestParams(request)
  const { documentId } = data
  const body = withoutQuery(data) ? { ...data, query: '' } : data
  return withId(await parseRequestParams({ ...request, body }), documentId)
}

async function fromAddress<R, C>(request: Request<R, C>): Promise<OperationParams | Response> {
  const [path, search] = request.url.split('?')
  const given = new URLSearchParams(search)
  const [documentId, extensions] = [given.get('documentId') ?? undefined, parsed(given.get('extensions') ?? '')]
  if (given.has('query') || !withoutQuery({ documentId, extensions }))
    return withId(await parseRequestParams(request), documentId)
  given.set('query', '')
  return withId(await parseRequestParams({ ...request, url: `${path}?${given}` }), documentId)
}

/** Whether only the id of a document was sent. */
export const withoutQuery = ({ query, documentId, extensions }: Readonly<Record<string, unknown>>): boolean =>
  query == null && (documentId != null || (isObject(extensions) && extensions.persistedQuery != null))

const withId = (params: RequestParams | Response, documentId: unknown): OperationParams | Response =>
  'query' in params && documentId !== undefined ? { ...params, documentId } : params

/** Undefined where it is no JSON: whoever reads it next says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
