// What the gate is asked, and what it answers. The same for every transport.

import type { ExecutionArgs } from 'graphql'
import type { Context } from '../../schema/context.ts'
import type { Identity } from '../accounts/sessions.ts'

export type Transport = 'http' | 'sse' | 'ws'

/** Of a socket, or of one HTTP request. */
export interface Connection {
  readonly id: string
  readonly address: string
  readonly userAgent?: string | undefined
  /** Who opened it; an operation may bring a token of its own. */
  readonly identity?: Identity | undefined
}

export interface GateRequest {
  readonly transport: Transport
  readonly connection: Connection
  /** As the client sent it: nothing of it is trusted. */
  readonly operation: {
    readonly query?: unknown
    readonly operationName?: unknown
    readonly variables?: unknown
    readonly extensions?: unknown
    readonly documentId?: unknown
  }
  /** The HTTP header `Authorization`. */
  readonly authorization?: string | undefined
  /** The HTTP header `Parley-At-Least`. */
  readonly atLeast?: string | undefined
}

export interface Admitted {
  readonly kind: 'admitted'
  readonly transport: Transport
  readonly operation: 'query' | 'mutation' | 'subscription'
  /** When it was asked, of `performance.now()`. */
  readonly askedAt: number
  readonly args: ExecutionArgs & { readonly contextValue: Context }
  readonly identity?: Identity | undefined
  /** The token came with the operation, not with its socket: when the session ends, only the operation does. */
  readonly ownIdentity: boolean
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
