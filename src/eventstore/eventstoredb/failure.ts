// What the client's errors mean. They come in three shapes: its own, which carry a `type`; bare ones of gRPC, which
// have only a `code` (the first call after the server died, for one); and those of Node, which have a text.

import { maxAppendBytes } from '../port.ts'

/** https://grpc.io/docs/guides/status-codes/ */
const grpc = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  outOfRange: 11,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
}

export type Failure =
  /** The stream does not end where it was expected. Nothing was written. */
  | 'wrong-revision'
  | 'too-large'
  | 'denied'
  | 'stream-absent'
  /** Deleted for ever, with a tombstone. */
  | 'stream-deleted'
  /** Another node of EventStoreDB takes the appends now. Nothing was written. */
  | 'not-leader'
  | 'unreachable'
  | 'late'
  /** The server has no such call: it is no EventStoreDB. */
  | 'no-eventstoredb'
  /** The server says that what was asked for cannot be. */
  | 'refused'
  | 'other'

const byType: Readonly<Record<string, Failure>> = {
  'wrong-expected-version': 'wrong-revision',
  'maximum-append-size-exceeded': 'too-large',
  'access-denied': 'denied',
  'stream-not-found': 'stream-absent',
  'no-stream': 'stream-absent',
  'stream-deleted': 'stream-deleted',
  'not-leader': 'not-leader',
  unavailable: 'unreachable',
  'deadline-exceeded': 'late',
  timeout: 'late',
  'invalid-argument': 'refused',
}

const byCode: Readonly<Record<number, Failure>> = {
  [grpc.cancelled]: 'unreachable',
  [grpc.invalidArgument]: 'refused',
  [grpc.deadlineExceeded]: 'late',
  [grpc.notFound]: 'stream-absent',
  [grpc.permissionDenied]: 'denied',
  [grpc.outOfRange]: 'refused',
  [grpc.unimplemented]: 'no-eventstoredb',
  [grpc.unavailable]: 'unreachable',
  [grpc.unauthenticated]: 'denied',
}

/** Our own timer ran out before the client's call ended. */
export class Late extends Error {
  override readonly name = 'Late'
}

/** The connection was given up while the call was under way. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Late) return 'late'
  if (error instanceof ConnectionLost) return 'unreachable'
  if (!(error instanceof Error)) return 'other'
  const known = 'type' in error && typeof error.type === 'string' ? byType[error.type] : undefined
  if (known !== undefined) return known
  return 'code' in error && typeof error.code === 'number' ? (byCode[error.code] ?? 'other') : 'other'
}

/** Whether the same call may succeed when it is made again, without anybody doing anything. */
export const passes = (failure: Failure): boolean =>
  failure === 'unreachable' || failure === 'late' || failure === 'not-leader' || failure === 'other'

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A sentence for a call that failed: what happened, and what to do. `server` is the address without its secrets. */
export function sentenceFor(error: unknown, server: string): string {
  const said = messageOf(error)
  switch (failureOf(error)) {
    case 'denied':
      return `EventStoreDB at ${server} refuses access (${said}). Parley reads $all and writes its own streams: give PARLEY_EVENTSTORE the name and password of a user who may, for instance one of $admins.`
    case 'no-eventstoredb':
      return `What answers at ${server} is no EventStoreDB (${said}). Check the address and the port in PARLEY_EVENTSTORE.`
    case 'not-leader':
      return `EventStoreDB at ${server} is not the leader of its cluster (${said}). Name all its nodes in PARLEY_EVENTSTORE, or use esdb+discover://.`
    case 'too-large':
      return `EventStoreDB at ${server} takes less than ${maxAppendBytes} bytes at once (${said}). Raise its MaxAppendSize.`
    case 'late':
      return `EventStoreDB at ${server} does not answer (${said}). It goes on by itself once it does: check that it runs and is not overloaded.`
    default:
      return `EventStoreDB at ${server} cannot be used${tlsAdvice(said)}`
  }
}

/** What OpenSSL and Node say about TLS that does not fit, as gRPC passes it on. */
function tlsAdvice(said: string): string {
  if (/self.signed|unable to (verify|get)|UNABLE_TO|SELF_SIGNED|unknown ca/i.test(said)) {
    return `: its certificate is signed by an authority that this machine does not know (${said}). Add &tlsCAFile=/path/to/ca.crt to PARLEY_EVENTSTORE.`
  }
  if (/certificate has expired|CERT_HAS_EXPIRED|not yet valid/i.test(said)) {
    return `: its certificate is out of date (${said}). Renew it.`
  }
  if (/altnames|ERR_TLS_CERT_ALTNAME_INVALID/i.test(said)) {
    return `: its certificate is for another host (${said}). Use the name that stands in it, or a certificate for this one.`
  }
  if (/wrong version number|EPROTO|packet length too long|before secure TLS connection/i.test(said)) {
    return `: it does not speak TLS there (${said}). If it runs without TLS, add ?tls=false to PARLEY_EVENTSTORE.`
  }
  if (/ENOTFOUND|EAI_AGAIN|Name resolution/i.test(said)) {
    return `: its name is not known (${said}). Check the host in PARLEY_EVENTSTORE, and the DNS of this machine.`
  }
  return ` (${said}). Check that it runs there, the address in PARLEY_EVENTSTORE, and what lies between; whether it uses TLS and the address says so too.`
}
