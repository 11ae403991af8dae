// Carries a command out, and says how it ended: the one place where an answer becomes ok, failed or unknown.

import { documentOf } from './commandDocuments.ts'
import type { Acknowledged, Asked, Attempt } from './history.ts'

/** What a writer wants, with the input that says it. */
export interface Wish {
  readonly asked: Asked
  readonly input?: Readonly<Record<string, unknown>>
}

interface Answered {
  readonly attempt: Attempt
  /** Of register, createGuest and login. */
  readonly token?: string
}

interface MutationAnswer {
  readonly __typename: string
  readonly code?: string
  readonly detail?: string
  readonly position?: string
  readonly token?: string
  readonly duplicate?: boolean
  readonly number?: number
  readonly message?: { readonly id: string; readonly number: number; readonly revision: number }
  readonly room?: { readonly id: string }
  readonly conversation?: { readonly id: string }
  readonly user?: { readonly id: string }
}

interface Body {
  readonly data?: Readonly<Record<string, MutationAnswer>> | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

/** Codes of errors that say that nothing was done. */
const conclusive = new Set(['UNAUTHENTICATED', 'BAD_INPUT', 'RATE_LIMITED', 'FORBIDDEN', 'NOT_FOUND'])

/** Attempts it once. A connection that is refused or breaks, and every answer that does not say how it ended, is `unknown`. */
export async function attempt(graphql: string, token: string | undefined, { asked, input }: Wish): Promise<Answered> {
  let body: Body
  try {
    const response = await fetch(graphql, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: documentOf(asked.command), variables: { input } }),
      signal: AbortSignal.timeout(20_000),
    })
    // The shape that the document asks for; whatever else comes is found below.
    body = (await response.json()) as Body
  } catch {
    return { attempt: { ...asked, outcome: 'unknown' } }
  }
  const answer = body.data?.[asked.command]
  const code = answer?.code ?? body.errors?.[0]?.extensions?.code
  if (answer?.position !== undefined)
    return {
      attempt: { ...asked, outcome: 'ok', said: acknowledged(answer, answer.position) },
      ...(answer.token === undefined ? undefined : { token: answer.token }),
    }
  if (code === 'UNAVAILABLE' || code === undefined) return { attempt: { ...asked, outcome: 'unknown' } }
  if (answer === undefined && !conclusive.has(code))
    throw new Error(`${asked.command} ended in an error that nobody foresaw: ${JSON.stringify(body)}`)
  return { attempt: { ...asked, outcome: 'failed', code } }
}

function acknowledged(answer: MutationAnswer, position: string): Acknowledged {
  const number = answer.message?.number ?? answer.number
  return {
    position,
    ...(answer.message && { messageId: answer.message.id, revision: answer.message.revision }),
    ...(number === undefined ? undefined : { number }),
    ...(answer.duplicate === undefined ? undefined : { duplicate: answer.duplicate }),
    ...(answer.room && { roomId: answer.room.id }),
    ...(answer.conversation && { directId: answer.conversation.id }),
    ...(answer.user && { userId: answer.user.id }),
  }
}
