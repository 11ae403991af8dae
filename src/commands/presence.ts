// Telling the log who is there: what nodes see of people's devices, and what people say of themselves.

import { type Refusal, refuse } from '../domain/decision.ts'
import type { PresenceChanged } from '../domain/events.ts'
import type { DateTime, UserId } from '../domain/ids.ts'
import { checkStatusText } from '../domain/names.ts'
import { empty, type Presence, type PresenceStatus, type Report, report, setStatus } from '../domain/presence.ts'
import { presenceStream } from '../domain/streams.ts'
import type { Position } from '../eventstore/port.ts'
import { presences } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Outcome } from './deciding.ts'
import { accepted, isRefusal } from './input.ts'
import { type By, newUuid } from './occasion.ts'

type PresenceOutcome = Outcome<Presence, PresenceChanged>

export class PresenceCommands {
  readonly #commands: Commands

  constructor(commands: Commands) {
    this.#commands = commands
  }

  /** What a node sees of somebody's devices now. Appends only where that is a transition. */
  async report(user: UserId, seen: Report): Promise<PresenceOutcome> {
    return await this.#commands.run(presences, presenceStream(user), {
      requester: { user, correlationId: newUuid() },
      decide: (presence) => report(presence, seen),
    })
  }

  /** The lives of the nodes that somebody has devices on, as the log has it. */
  async lives(user: UserId): Promise<readonly string[]> {
    const { state } = await this.#commands.load(presences, presenceStream(user))
    return Object.keys(state.nodes)
  }

  /**
   * Takes away the devices on nodes that live no more.
   * @param at when they were there last, as far as is known
   */
  async empty(
    user: UserId,
    { gone, at }: { readonly gone: ReadonlySet<string>; readonly at: DateTime },
  ): Promise<PresenceOutcome> {
    return await this.#commands.run(presences, presenceStream(user), {
      requester: { correlationId: newUuid() },
      decide: (presence) => empty(presence, { gone, at }),
    })
  }

  /** `null` clears; what is left out stays as it is. */
  async setPresence(
    { actor, requester }: By,
    input: { readonly status?: PresenceStatus | null | undefined; readonly statusText?: string | null | undefined },
  ): Promise<Refusal | { readonly kind: 'done'; readonly position: Position; readonly userId: UserId }> {
    const { status } = input
    if (status === 'OFFLINE')
      return refuse(
        'BAD_INPUT',
        'Nobody who is connected is OFFLINE. Choose ONLINE, AWAY or BUSY, or null to go by your devices.',
        'status',
      )
    const text = input.statusText == null ? input.statusText : accepted(checkStatusText(input.statusText), 'statusText')
    if (isRefusal(text)) return text
    const outcome = await this.#commands.run(presences, presenceStream(actor.user), {
      requester,
      decide: (presence, { now }) => setStatus(presence, { status, statusText: text === '' ? null : text, now }),
    })
    if (outcome.kind === 'refused') return outcome
    return { kind: 'done', position: outcome.position, userId: actor.user }
  }
}
