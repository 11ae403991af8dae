// Where a request comes from.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

const plain = (address: string | undefined): string => (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '')

/**
 * The client's address. Behind a trusted proxy it is the last entry of X-Forwarded-For: the one that proxy has written; those
 * before it came with the request and prove nothing.
 */
export function clientAddress(request: IncomingMessage, { trustProxy }: { readonly trustProxy: boolean }): string {
  const forwarded = request.headers['x-forwarded-for']
  if (trustProxy && forwarded !== undefined) {
    const last = String(forwarded).split(',').at(-1)?.trim() ?? ''
    if (isIP(last) !== 0) return plain(last)
  }
  return plain(request.socket.remoteAddress)
}

/** Whether it was sent on this machine, and not passed on by a proxy here. */
export function isLocal(request: IncomingMessage): boolean {
  const address = plain(request.socket.remoteAddress)
  const loopback = address === '::1' || address.startsWith('127.')
  return loopback && proxyHeaders.every((name) => request.headers[name] === undefined)
}
