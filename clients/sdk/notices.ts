// What a program may want to know beside the messages themselves: each discontinuity has a name, and is counted.

import type { RefusalCode } from './errors.ts'

/** Why a connection ended, as told by its close code. */
export type LossName =
  /** 1012: the server stops, most likely to start again. */
  | 'SERVER_RESTARTING'
  /** 1013: the server cannot serve now. */
  | 'SERVER_UNAVAILABLE'
  /** 4290: this client has not read for too long. */
  | 'TOO_SLOW'
  /** 4291: the account has too many connections. */
  | 'TOO_MANY_CONNECTIONS'
  /** Anything else. */
  | 'CONNECTION_LOST'
  /** It never came to be. */
  | 'UNREACHABLE'

interface Loss {
  readonly name: LossName
  readonly address: string
  /** Of the WebSocket; 0 where there is none. */
  readonly code: number
  /** Ms until it is tried again. */
  readonly comesBackInMs: number
}

/** Revisions that a feed left out: `from` to `through`, both included. */
interface Hole {
  readonly conversationId: string
  readonly from: number
  readonly through: number
}

export type Notice =
  | { readonly name: 'CONNECTED'; readonly address: string }
  | Loss
  /** Close code 4403, or an answer that says so: nothing more is sent or received. */
  | { readonly name: 'SESSION_ENDED' }
  /** The feed cannot be continued: what is kept of it is to be read afresh. `feed` is `inbox` or the id of a conversation. */
  | { readonly name: 'LOG_REPLACED' | 'TOO_FAR'; readonly feed: string }
  /** A feed left out revisions; they were fetched. `events` is how many came. */
  | (Hole & { readonly name: 'HOLE_FILLED'; readonly events: number })
  /** A feed left out revisions, and they could not be had. */
  | (Hole & { readonly name: 'HOLE_LEFT' })
  /** A feed brought something again; it was dropped. */
  | { readonly name: 'REPEATED'; readonly conversationId: string; readonly revision: number }
  /** The reader of a feed was too slow: it was left, and is continued from its cursor. */
  | { readonly name: 'READER_BEHIND'; readonly feed: string }
  /** A queued message will not be sent unless it is queued again. */
  | {
      readonly name: 'MESSAGE_REFUSED'
      readonly conversationId: string
      readonly clientMessageId: string
      readonly code: RefusalCode
      readonly detail: string
    }

export type NoticeName = Notice['name']

export class Notices {
  readonly #listener: ((notice: Notice) => void) | undefined
  readonly #counts = new Map<NoticeName, number>()

  constructor(listener?: (notice: Notice) => void) {
    this.#listener = listener
  }

  /** The listener is called a moment later, so that what it throws is its own. */
  report(notice: Notice): void {
    this.#counts.set(notice.name, this.count(notice.name) + 1)
    const listener = this.#listener
    if (listener) queueMicrotask(() => listener(notice))
  }

  /** How often it has happened. */
  count(name: NoticeName): number {
    return this.#counts.get(name) ?? 0
  }
}
