// Names that one owner at a time can have: claimed before the owner goes by them, looked at again after, freed when they are
// no longer used. What is claimed, and in which words it is refused, comes with the kind of name.

import type { Decision, Refusal } from '../domain/decision.ts'
import type { ReservationEvent } from '../domain/events.ts'
import type { DateTime, RoomId, UserId } from '../domain/ids.ts'
import type { Reservation } from '../domain/reservation.ts'
import { reservations } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Outcome } from './deciding.ts'
import { dateTime, type Requester } from './occasion.ts'

/** What is particular about one kind of name. `name` is what the owner goes by, as it is written. */
export interface KindOfName<Owner extends UserId | RoomId> {
  streamOf(name: string): string
  /** A rule of the domain. */
  claim(
    reservation: Reservation,
    claim: { readonly owner: Owner; readonly now: DateTime; readonly holderExists: boolean },
  ): Decision<ReservationEvent>
  /** A rule of the domain. */
  release(reservation: Reservation, release: { readonly owner: Owner }): Decision<ReservationEvent>
  /** Whether the owner is there and goes by this name now. Whoever has another one by now does not, whatever was claimed. */
  goesBy(owner: Owner, name: string): Promise<boolean>
  /** Told to whoever was so slow that the claim was taken over. */
  readonly takenMeanwhile: Refusal
}

/** The claims to names of one kind. */
export class Claims<Owner extends UserId | RoomId> {
  readonly #commands: Commands
  readonly #kind: KindOfName<Owner>

  constructor(commands: Commands, kind: KindOfName<Owner>) {
    this.#commands = commands
    this.#kind = kind
  }

  /** Why this owner could not claim the name now; to be asked before costly work. Nothing is written. */
  async check(name: string, owner: Owner): Promise<Refusal | undefined> {
    const [{ state, occurredAt }, holder] = await this.#look(name, owner)
    const wall = dateTime(this.#commands.clock.now())
    const now = occurredAt !== undefined && occurredAt > wall ? occurredAt : wall
    const decision = this.#kind.claim(state, { owner, now, holderExists: holder?.exists ?? false })
    return decision.kind === 'refused' ? decision : undefined
  }

  /** Claiming what one has already changes nothing. A claim may be taken over after a minute where its owner does not go by it. */
  async claim(name: string, owner: Owner, requester: Requester): Promise<Outcome<Reservation, ReservationEvent>> {
    const [, holder] = await this.#look(name, owner)
    return await this.#commands.run(reservations, this.#kind.streamOf(name), {
      requester,
      decide: (reservation, { now }) =>
        this.#kind.claim(reservation, {
          owner,
          now,
          // What was found out about one holder says nothing about the next.
          holderExists:
            reservation.status === 'claimed' && (reservation.owner === holder?.owner ? holder.exists : true),
        }),
    })
  }

  /** Whether the name leads to this owner. */
  async leadsTo(name: string, owner: Owner): Promise<boolean> {
    const { state } = await this.#commands.load(reservations, this.#kind.streamOf(name))
    return state.status === 'claimed' && state.owner === owner
  }

  /** To be asked after the owner has begun to go by the name, before it is told so: whoever was slow may have lost it. */
  async confirm(name: string, owner: Owner): Promise<Refusal | undefined> {
    return (await this.leadsTo(name, owner)) ? undefined : this.#kind.takenMeanwhile
  }

  /** Who has claimed the name; whether they go by it is another question. */
  async owner(name: string): Promise<Owner | undefined> {
    const { state } = await this.#commands.load(reservations, this.#kind.streamOf(name))
    // A stream of this kind holds claims of such owners only.
    return state.status === 'claimed' ? (state.owner as Owner) : undefined
  }

  /** Whether somebody has claimed the name and goes by it. */
  async held(name: string): Promise<boolean> {
    const owner = await this.owner(name)
    return owner !== undefined && (await this.#kind.goesBy(owner, name))
  }

  /** Whether the name has ever been claimed. */
  async everClaimed(name: string): Promise<boolean> {
    return (await this.#commands.load(reservations, this.#kind.streamOf(name))).revision >= 0
  }

  /** Frees the name, unless it is another's. */
  async release(name: string, owner: Owner, requester: Requester): Promise<Outcome<Reservation, ReservationEvent>> {
    return await this.#commands.run(reservations, this.#kind.streamOf(name), {
      requester,
      decide: (reservation) => this.#kind.release(reservation, { owner }),
    })
  }

  /** The same, where the owner does not go by it. */
  async releaseUnused(name: string, owner: Owner, requester: Requester): Promise<void> {
    if (!(await this.#kind.goesBy(owner, name))) await this.release(name, owner, requester)
  }

  /** The reservation, and somebody else who has it. */
  async #look(name: string, owner: Owner) {
    const found = await this.#commands.load(reservations, this.#kind.streamOf(name))
    if (found.state.status === 'free' || found.state.owner === owner) return [found, undefined] as const
    // A stream of this kind holds claims of such owners only.
    const holder = found.state.owner as Owner
    return [found, { owner: holder, exists: await this.#kind.goesBy(holder, name) }] as const
  }
}
