// Somebody who sends messages through whichever node takes them, each with a key, and again until it is acknowledged.

import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient, type Data, send } from './client.ts'

export interface Answered {
  readonly text: string
  readonly id: string
  readonly number: number
  readonly duplicate: boolean
  /** How often it was sent. */
  readonly tries: number
}

export interface Refused {
  /** The code, or why there was no answer. */
  readonly why: string
  readonly ms: number
}

interface Sending {
  /** Where the next try goes. */
  readonly node: () => string
  readonly token: string | undefined
  readonly roomId: string
  readonly text: string
  /** Told of every try that was not acknowledged. */
  readonly onRefusal?: (refused: Refused) => void
}

/** After how long without an answer it is sent again, in ms: longer than a node may take to say that it cannot. */
const patienceMs = 12_000

/** Until it is acknowledged. Undefined once the signal is aborted. */
export async function sendSurely(
  { node, token, roomId, text, onRefusal }: Sending,
  signal?: AbortSignal,
): Promise<Answered | undefined> {
  for (let tries = 1; !signal?.aborted; tries++) {
    const began = performance.now()
    let answer: Data | undefined
    let why = ''
    const timer = Promise.withResolvers<never>()
    const timeout = setTimeout(() => timer.reject(new Error('no answer in time')), patienceMs)
    try {
      answer = await Promise.race([send(new ApiClient(node(), token), roomId, text, text), timer.promise])
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
    } finally {
      clearTimeout(timeout)
    }
    const message = answer?.message
    if (message) return { text, id: message.id, number: message.number, duplicate: answer?.duplicate, tries }
    onRefusal?.({ why: answer?.code ?? why, ms: performance.now() - began })
    await sleep(50)
  }
  return undefined
}
