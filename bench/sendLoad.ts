// The generator of `send` as the bench sees it.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type SendKind = 'parleyWs' | 'parleyHttp' | 'socketIo' | 'express'

/** The server that is measured. */
export interface SendSide {
  readonly kind: SendKind
  readonly port: number
  /** Sent into in turn. */
  readonly rooms: readonly string[]
  /** Of sessions, one a connection in turn. */
  readonly tokens: readonly string[]
}

export interface SendTask {
  readonly side: SendSide
  readonly underWay: number
  readonly warmUpMs: number
  readonly ms: number
}

export type SendReply = { readonly acknowledged: number; readonly seconds: number } | { readonly failed: string }

/** @returns acknowledged a second @throws with what went wrong there */
export async function sendAtOnce(task: SendTask): Promise<number> {
  const child = fork(fileURLToPath(new URL('./sendGenerator.ts', import.meta.url)))
  try {
    const reply = await new Promise<SendReply>((resolve, reject) => {
      child.once('message', (reply: SendReply) => resolve(reply))
      child.once('exit', () => reject(new Error('The load generator ended.')))
      child.send(task)
    })
    if ('failed' in reply) throw new Error(reply.failed)
    return reply.acknowledged / reply.seconds
  } finally {
    child.disconnect()
  }
}
