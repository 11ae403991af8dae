// Where a request comes from.

import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

const plain = (address: string | undefined): string => (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '')

/**
 * The client's address. Behind a trusted proxy it is the last entry of X-Forwarded-For: the one that proxy has written; those
 * before it came with the request and prove nothing.
 */
export function clientAddress(request: IncomingMessage, { trustProxy }: { readonly trustProxy: boolean }): string {
  const forwarded = request.headers['x-forwarded-for']
  if (trustProxy && forwarded !== undefined) {
    const last = withoutPort(String(forwarded).split(',').at(-1)?.trim() ?? '')
    if (isIP(last) !== 0) return plain(last)
  }
  return plain(request.socket.remoteAddress)
}

/** Some proxies write the port too: `192.0.2.1:5678`, `[2001:db8::1]:5678`. */
function withoutPort(entry: string): string {
  const [, address] = /^\[(.+)\](?::\d+)?$/.exec(entry) ?? /^([^:]+):\d+$/.exec(entry) ?? []
  return address ?? entry
}

/** @param address as `clientAddress` gives it */
export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIPv4(address) && address.startsWith('127.'))

/**
 * Whether it was sent on this machine, to this machine, and not passed on by a proxy here. A proxy that adds no header
 * usually keeps the name that the client asked for; so does a page that has its own name resolved to this machine.
 */
export function isLocal(request: IncomingMessage): boolean {
  const asked = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? ''
  return (
    isLoopback(plain(request.socket.remoteAddress)) &&
    (asked === 'localhost' || asked === '[::1]' || isLoopback(asked)) &&
    proxyHeaders.every((name) => request.headers[name] === undefined)
  )
}
