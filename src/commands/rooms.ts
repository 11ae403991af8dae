// Making rooms, changing them, joining and leaving, roles and removal.

import { type Decision, type Refusal, refuse } from '../domain/decision.ts'
import type { RoomEvent, RoomRole } from '../domain/events.ts'
import { keyedRoomId, parseId, type RoomId, rawId, roomId, type UserId } from '../domain/ids.ts'
import { checkIdempotencyKey, checkRoomName, checkSlug, checkTopic, slugOf } from '../domain/names.ts'
import { abandonedAfterMs, claimSlug, releaseSlug } from '../domain/reservation.ts'
import * as domain from '../domain/room.ts'
import { conversationStream, slugStream } from '../domain/streams.ts'
import { checkMessageText } from '../domain/text.ts'
import type { Position } from '../eventstore/port.ts'
import { reservations, rooms } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Done, Outcome } from './deciding.ts'
import { accepted, isRefusal, reasonLength } from './input.ts'
import { type By, newUuid, type Requester } from './occasion.ts'

export interface AboutRoom extends Done<domain.Room, RoomEvent> {
  readonly roomId: RoomId
}

type RoomOutcome = Refusal | AboutRoom

export interface CreateRoomInput {
  readonly name: string
  readonly slug?: string | null | undefined
  readonly topic?: string | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

export interface UpdateRoomInput {
  readonly roomId: string
  readonly name?: string | null | undefined
  readonly slug?: string | null | undefined
  readonly topic?: string | null | undefined
}

export class RoomCommands {
  readonly #commands: Commands

  constructor(commands: Commands) {
    this.#commands = commands
  }

  /** Claims the slug, then makes the room. With a key it is safe to repeat. */
  async create({ actor, requester }: By, input: CreateRoomInput): Promise<RoomOutcome> {
    const name = accepted(checkRoomName(input.name), 'name')
    if (isRefusal(name)) return name
    const topic = topicOf(input.topic) ?? undefined
    if (isRefusal(topic)) return topic
    const key =
      input.idempotencyKey == null ? undefined : accepted(checkIdempotencyKey(input.idempotencyKey), 'idempotencyKey')
    if (isRefusal(key)) return key
    const id = key === undefined ? roomId(newUuid()) : keyedRoomId(actor.user, key)
    const slug = accepted(checkSlug(input.slug ?? slugOf(name, rawId(id))), input.slug == null ? 'name' : 'slug')
    if (isRefusal(slug)) return slug
    // Who may not make rooms must not hold a slug either.
    const allowed = domain.create(domain.initial, { creator: actor, name, slug, topic })
    if (allowed.kind === 'refused') return allowed
    if (key !== undefined) {
      const before = await this.#commands.load(rooms, conversationStream(id))
      if (before.state.status === 'exists') {
        const again = await this.#room(id, requester, (room) =>
          domain.create(room, { creator: actor, name, slug, topic }),
        )
        // The one whose slug was taken over is told so each time.
        return again.kind === 'refused' ? again : await this.#confirmed(again, before.state.slug ?? slug, id)
      }
    }
    const claim = await this.#claim(slug, id, requester)
    if (isRefusal(claim)) return claim
    const made = await this.#room(id, requester, (room) => domain.create(room, { creator: actor, name, slug, topic }))
    return made.kind === 'refused' ? made : await this.#confirmed(made, slug, id)
  }

  /** A room that the server makes by itself, without members. Nothing where its slug has ever been claimed. */
  async createByServer(name: string, requester: Requester): Promise<RoomOutcome | undefined> {
    const id = roomId(newUuid())
    const slug = slugOf(name, rawId(id))
    const before = await this.#commands.load(reservations, slugStream(slug))
    if (before.revision >= 0) return undefined
    const claim = await this.#claim(slug, id, requester)
    if (isRefusal(claim)) return claim
    return await this.#room(id, requester, (room) => domain.create(room, { name, slug }))
  }

  /** A new slug is claimed before the change and the old one freed after it. */
  async update({ actor, requester }: By, input: UpdateRoomInput): Promise<RoomOutcome> {
    const id = roomIdOf(input.roomId)
    if (!id) return { ...domain.noSuchRoom, field: 'roomId' }
    if (input.name === null)
      return refuse('BAD_INPUT', 'A room cannot be without a name. Leave the field out to keep it.', 'name')
    if (input.slug === null)
      return refuse('BAD_INPUT', 'A public room cannot be without a slug. Leave the field out to keep it.', 'slug')
    const name = input.name === undefined ? undefined : accepted(checkRoomName(input.name), 'name')
    if (isRefusal(name)) return name
    const slug = input.slug === undefined ? undefined : accepted(checkSlug(input.slug), 'slug')
    if (isRefusal(slug)) return slug
    const topic = topicOf(input.topic)
    if (isRefusal(topic)) return topic
    const change = { actor, name, slug, topic }
    if (slug === undefined) return await this.#room(id, requester, (room) => domain.update(room, change))

    const before = (await this.#commands.load(rooms, conversationStream(id))).state
    const allowed = domain.update(before, change)
    if (allowed.kind === 'refused') return allowed
    const claim = await this.#claim(slug, id, requester)
    if (isRefusal(claim)) return claim
    const done = await this.#room(id, requester, (room) => domain.update(room, change))
    // It may have happened: the room keeps both names, and a repeat settles it.
    if (done.kind === 'refused' && done.code === 'UNAVAILABLE') return done
    const present = done.kind === 'done' && done.state.status === 'exists' ? done.state.slug : undefined
    const unused = done.kind === 'refused' ? slug : before.status === 'exists' ? before.slug : undefined
    if (unused !== undefined && unused !== present) await this.#release(unused, id, requester)
    return done.kind === 'done' && present === slug ? await this.#confirmed(done, slug, id) : done
  }

  async archive({ actor, requester }: By, id: string): Promise<RoomOutcome> {
    return await this.#known(id, requester, (room) => domain.archive(room, { actor }))
  }

  async unarchive({ actor, requester }: By, id: string): Promise<RoomOutcome> {
    return await this.#known(id, requester, (room) => domain.unarchive(room, { actor }))
  }

  async join({ actor, requester }: By, id: string): Promise<RoomOutcome> {
    return await this.#known(id, requester, (room) => domain.join(room, { user: actor.user }))
  }

  async leave({ actor, requester }: By, id: string): Promise<RoomOutcome> {
    return await this.#known(id, requester, (room) => domain.leave(room, { user: actor.user }))
  }

  async setRole(
    { actor, requester }: By,
    input: { roomId: string; userId: string; role: RoomRole },
  ): Promise<RoomOutcome> {
    const user = userIdOf(input.userId)
    if (!user) return refuse('NOT_FOUND', 'This person is not a member of the room.', 'userId')
    return await this.#known(input.roomId, requester, (room) => domain.setRole(room, { actor, user, role: input.role }))
  }

  async remove(
    { actor, requester }: By,
    input: { roomId: string; userId: string; reason?: string | null | undefined },
  ): Promise<RoomOutcome> {
    const user = userIdOf(input.userId)
    if (!user || !(await this.#commands.facts.user(user)))
      return refuse('NOT_FOUND', 'There is no such person.', 'userId')
    const reason = input.reason == null ? undefined : accepted(checkMessageText(input.reason, reasonLength), 'reason')
    if (isRefusal(reason)) return reason
    return await this.#known(input.roomId, requester, (room) => domain.remove(room, { actor, user, reason }))
  }

  async #known(
    id: string,
    requester: Requester,
    decide: (room: domain.Room) => Decision<RoomEvent>,
  ): Promise<RoomOutcome> {
    const room = roomIdOf(id)
    if (!room) return { ...domain.noSuchRoom, field: 'roomId' }
    return await this.#room(room, requester, decide)
  }

  async #room(
    id: RoomId,
    requester: Requester,
    decide: (room: domain.Room) => Decision<RoomEvent>,
  ): Promise<RoomOutcome> {
    const outcome: Outcome<domain.Room, RoomEvent> = await this.#commands.run(rooms, conversationStream(id), {
      requester,
      decide,
    })
    return outcome.kind === 'refused' ? outcome : { ...outcome, roomId: id }
  }

  async #claim(slug: string, owner: RoomId, requester: Requester): Promise<Refusal | { readonly position: Position }> {
    const { state } = await this.#commands.load(reservations, slugStream(slug))
    const holder = state.status === 'claimed' && state.owner !== owner ? state.owner : undefined
    // Only an old claim is worth the look: a young one holds whether or not its room is there yet.
    const old = state.status === 'claimed' && this.#commands.clock.now() - Date.parse(state.since) >= abandonedAfterMs
    const holderExists = holder !== undefined && (!old || (await this.#goesBy(slug, holder as RoomId)))
    return await this.#commands.run(reservations, slugStream(slug), {
      requester,
      decide: (reservation, { now }) =>
        claimSlug(reservation, {
          owner,
          now,
          holderExists: reservation.status === 'claimed' && reservation.owner === holder ? holderExists : true,
        }),
    })
  }

  /** Whether the room is there and has this slug: one that changed it, and stopped before it freed the old one, has not. */
  async #goesBy(slug: string, room: RoomId): Promise<boolean> {
    const { state } = await this.#commands.load(rooms, conversationStream(room))
    return state.status === 'exists' && state.slug === slug
  }

  /** Whoever was so slow that the claim was taken over has made a room that its slug does not lead to. */
  async #confirmed(made: AboutRoom, slug: string, id: RoomId): Promise<RoomOutcome> {
    const { state } = await this.#commands.load(reservations, slugStream(slug))
    if (state.status === 'claimed' && state.owner === id) return made
    return refuse('CONFLICT', 'This slug was taken by another room meanwhile. Choose another one.', 'slug')
  }

  async #release(slug: string, owner: RoomId, requester: Requester): Promise<void> {
    await this.#commands.run(reservations, slugStream(slug), {
      requester,
      decide: (reservation) => releaseSlug(reservation, { owner }),
    })
  }
}

/** An empty topic is none. */
function topicOf(input: string | null | undefined): string | null | undefined | Refusal {
  if (input == null) return input
  const topic = accepted(checkTopic(input), 'topic')
  return topic === '' ? null : topic
}

function roomIdOf(id: string): RoomId | undefined {
  const parsed = parseId(id)
  return parsed?.type === 'room' ? parsed.id : undefined
}

function userIdOf(id: string): UserId | undefined {
  const parsed = parseId(id)
  return parsed?.type === 'user' ? parsed.id : undefined
}
