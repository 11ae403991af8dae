// Answers of the HTTP server that are not GraphQL: small, plain, never cached.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'

/** Sent with every answer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

export function sendJson(response: ServerResponse, status: number, value: unknown, type = 'application/json'): void {
  const body = JSON.stringify(value)
  response
    .writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    })
    .end(body)
}

/** RFC 9457. */
export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  const problem = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail }
  sendJson(response, status, problem, 'application/problem+json')
}

/** For a body that is not said to be JSON, in UTF-8. */
export const sendNotJson = (response: ServerResponse): void =>
  sendProblem(response, 415, 'UNSUPPORTED_MEDIA_TYPE', 'Send content-type: application/json.')

/** Whether one of the methods was used; answers with 405 otherwise. */
export function allowMethods(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): boolean {
  if (methods.includes(request.method ?? '')) return true
  response.setHeader('allow', methods.join(', '))
  sendProblem(response, 405, 'METHOD_NOT_ALLOWED', `This address answers ${methods.join(' and ')}.`)
  return false
}
