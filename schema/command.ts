// How a mutation carries out a command: the same checks before it and the same consequences after it, for all of them.

import type { InputObjectRef } from '@pothos/core'
import { unlessUnavailable } from '../src/commands/input.ts'
import type { Refusal } from '../src/domain/decision.ts'
import type { SessionId } from '../src/domain/ids.ts'
import type { Position } from '../src/eventstore/port.ts'
import { builder, type Types } from './builder.ts'
import { type Context, signedIn } from './context.ts'
import type { ResultOf } from './errors.ts'

interface Done {
  readonly kind: 'done'
  readonly position: Position
  /** Of a session that has begun by this. */
  readonly sessionId?: SessionId
}

export const positionDescription = 'Where it stands in the log; send it back to read your own write.'

/** For commands that anyone may try. Reads that follow in this operation see what it did. */
export async function attempt<D extends Done>(
  context: Context,
  command: () => Promise<D | Refusal>,
): Promise<D | Refusal> {
  const outcome = await unlessUnavailable(command)
  if (outcome.kind === 'refused') return outcome
  context.consistency.raise(outcome.position)
  if (outcome.sessionId !== undefined) context.began.session = outcome.sessionId
  return outcome
}

/** For commands of the viewer, who may do only so much in a time. @throws GraphQLError UNAUTHENTICATED for anonymous callers */
export async function carryOut<D extends Done>(
  context: Context,
  command: () => Promise<D | Refusal>,
): Promise<D | Refusal> {
  const allowance = context.app.server.allow(signedIn(context).userId)
  if (allowance.allowed) return await attempt(context, command)
  const { retryAfterSeconds } = allowance
  const detail = `That is too much at once. Try again in ${retryAfterSeconds} s.`
  return { kind: 'refused', code: 'RATE_LIMITED', detail, retryAfterSeconds }
}

interface Mutation<In extends object, P extends { readonly kind: 'done' }> {
  readonly type: ResultOf<P>
  readonly description: string
  readonly input: InputObjectRef<Types, In>
  /** Describes the argument. */
  readonly inputIs: string
  readonly run: (context: Context, input: In) => Promise<P | Refusal>
}

/** A mutation with its one `input`. */
export function mutation<In extends object, P extends { readonly kind: 'done' }>(
  name: string,
  { type, description, input, inputIs, run }: Mutation<In, P>,
): void {
  builder.mutationField(name, (t) =>
    t.field({
      type,
      description,
      args: { input: t.arg({ type: input, required: true, description: inputIs }) },
      // The builder derives the shapes of argument and result, which the compiler cannot see through type parameters.
      resolve: (_, args, context) => run(context, (args as unknown as { readonly input: In }).input) as never,
    }),
  )
}
