// Which web pages may talk to the server.

import type { IncomingMessage } from 'node:http'

export interface OriginPolicy {
  /** Other origins whose pages may; none but this server's own when empty; all with `*`, for clients that use tokens. */
  readonly origins: readonly string[]
  /** Under which address people reach the server, if it is not the one it listens on. */
  readonly publicUrl?: string | undefined
}

/** Whether the page that sends this request may. What sends no Origin is no page in a browser. */
export function originAllowed({ headers }: IncomingMessage, policy: OriginPolicy): boolean {
  const { origin, host } = headers
  if (origin === undefined || policy.origins.includes('*')) return true
  if (!URL.canParse(origin)) return false
  if (new URL(origin).host === host) return true
  if (policy.publicUrl !== undefined && new URL(policy.publicUrl).origin === origin) return true
  return policy.origins.includes(origin)
}

/** The headers that let a page of another origin read the answer. Never with cookies. */
export function corsHeaders(request: IncomingMessage, policy: OriginPolicy): Readonly<Record<string, string>> {
  const { origin } = request.headers
  if (policy.origins.length === 0) return {}
  if (policy.origins.includes('*')) return { 'access-control-allow-origin': '*' }
  if (origin !== undefined && policy.origins.includes(origin))
    return { 'access-control-allow-origin': origin, vary: 'Origin' }
  return { vary: 'Origin' }
}

/** What a page of another origin may send, asked before it does. */
export function preflightHeaders(request: IncomingMessage, policy: OriginPolicy): Readonly<Record<string, string>> {
  const cors = corsHeaders(request, policy)
  if (cors['access-control-allow-origin'] === undefined) return cors
  return {
    ...cors,
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, accept, last-event-id, parley-at-least',
    'access-control-max-age': '86400',
  }
}
