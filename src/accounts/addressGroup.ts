// What counts as one address where addresses are limited.

import { isIPv6 } from 'node:net'

/**
 * The address itself, or the /64 network of an IPv6 address, as `2001:db8:0:1::/64`: whoever has one address of a /64
 * usually has all of them. An IPv4 address written in IPv6 (`::ffff:192.0.2.1`) is that IPv4 address. A text that is no
 * address, such as the name of a socket, is its own group.
 */
export function addressGroup(address: string): string {
  const plain = address.replace(/%.*$/, '').toLowerCase()
  if (!isIPv6(plain)) return address
  const groups = groupsOf(plain)
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.')
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight 16-bit groups of a valid IPv6 address without a zone. */
function groupsOf(address: string): readonly number[] {
  const [head = [], tail] = address.split('::').map((part) => part.split(':').filter(Boolean).flatMap(groupsOfPart))
  if (tail === undefined) return head
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** A hexadecimal group, or the IPv4 address that may stand for the last two. */
function groupsOfPart(part: string): readonly number[] {
  if (!part.includes('.')) return [Number.parseInt(part, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}
