// Making rooms, changing them, joining and leaving, roles and removal.

import { noSuchRoom } from '../domain/access.ts'
import { type Conversation, initial, type OpenRoom } from '../domain/conversation.ts'
import { type Decision, type Refusal, refuse } from '../domain/decision.ts'
import type { ConversationEvent, HistoryVisibility, RoomRole, RoomVisibility } from '../domain/events.ts'
import { keyedRoomId, type RoomId, rawId, roomId } from '../domain/ids.ts'
import { checkIdempotencyKey, checkRoomName, checkSlug, checkTopic, slugOf } from '../domain/names.ts'
import * as domain from '../domain/room.ts'
import { conversationStream } from '../domain/streams.ts'
import { checkMessageText } from '../domain/text.ts'
import type { AboutRoom } from './aboutRoom.ts'
import { conversations } from './aggregate.ts'
import type { Claims } from './claims.ts'
import type { Commands } from './commands.ts'
import type { Outcome } from './deciding.ts'
import { accepted, isRefusal, reasonLength, roomIdOf, userIdOf } from './input.ts'
import { declinedBy } from './invitations.ts'
import { type By, newUuid, type Requester } from './occasion.ts'
import { defaultSlug, slugClaims, slugFor, slugOfRoom } from './slugs.ts'

type RoomOutcome = Refusal | AboutRoom

export interface CreateRoomInput {
  readonly name: string
  readonly slug?: string | null | undefined
  readonly topic?: string | null | undefined
  readonly visibility: RoomVisibility
  readonly historyVisibility: HistoryVisibility
  readonly idempotencyKey?: string | null | undefined
}

/** A room that whoever runs the server makes: public, and without members. */
export interface OperatorRoomInput {
  readonly name: string
  readonly slug?: string | undefined
  readonly topic?: string | undefined
}

export interface UpdateRoomInput {
  readonly roomId: string
  readonly name?: string | null | undefined
  readonly slug?: string | null | undefined
  readonly topic?: string | null | undefined
  readonly visibility?: RoomVisibility | null | undefined
  readonly historyVisibility?: HistoryVisibility | null | undefined
  readonly slowModeSeconds?: number | null | undefined
}

/** Seconds of slow mode, at most. */
const slowestMode = 21_600

export class RoomCommands {
  readonly #commands: Commands
  readonly #slugs: Claims<RoomId>

  constructor(commands: Commands) {
    this.#commands = commands
    this.#slugs = slugClaims(commands)
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
    const slug = slugFor(input, name, id)
    if (isRefusal(slug)) return slug
    const { visibility, historyVisibility } = input
    const room = { creator: actor, name, slug, topic, visibility, historyVisibility }
    // Who may not make such a room must not hold a slug either.
    const allowed = domain.create(initial, room)
    if (allowed.kind === 'refused') return allowed
    if (key !== undefined) {
      const before = (await this.#commands.load(conversations, conversationStream(id))).state
      if (before.status === 'exists') {
        const again = await this.#room(id, requester, (state) => domain.create(state, room))
        // The one whose slug was taken over is told so each time.
        return again.kind === 'refused' ? again : await this.#confirmed(again, slugOfRoom(before), id, requester)
      }
    }
    return await this.#make(room, id, requester)
  }

  /** A room of the server's settings. Nothing where its slug has ever been claimed. */
  async createByServer(name: string, requester: Requester): Promise<RoomOutcome | undefined> {
    const id = roomId(newUuid())
    const slug = slugOf(name, rawId(id))
    if (await this.#slugs.everClaimed(slug)) return undefined
    return await this.#make({ name, slug, visibility: 'PUBLIC', historyVisibility: 'ALL' }, id, requester)
  }

  async createByOperator(input: OperatorRoomInput, requester: Requester): Promise<RoomOutcome> {
    const name = accepted(checkRoomName(input.name), 'name')
    if (isRefusal(name)) return name
    const topic = topicOf(input.topic) ?? undefined
    if (isRefusal(topic)) return topic
    const id = roomId(newUuid())
    const slug = slugFor({ ...input, visibility: 'PUBLIC' }, name, id)
    if (isRefusal(slug)) return slug
    return await this.#make({ name, slug, topic, visibility: 'PUBLIC', historyVisibility: 'ALL' }, id, requester)
  }

  async #make(room: domain.CreateRoom, id: RoomId, requester: Requester): Promise<RoomOutcome> {
    if (room.slug !== undefined) {
      const claim = await this.#slugs.claim(room.slug, id, requester)
      if (isRefusal(claim)) return claim
    }
    const made = await this.#room(id, requester, (state) => domain.create(state, room))
    return made.kind === 'refused' ? made : await this.#confirmed(made, room.slug, id, requester)
  }

  /** A new slug is claimed before the change and the old one freed after it. */
  async update({ actor, requester }: By, input: UpdateRoomInput): Promise<RoomOutcome> {
    const id = roomIdOf(input.roomId)
    if (!id) return noSuchRoom
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
    const absent = (['visibility', 'historyVisibility', 'slowModeSeconds'] as const).find((key) => input[key] === null)
    if (absent) return refuse('BAD_INPUT', `${absent} cannot be cleared. Leave the field out to keep it.`, absent)
    const visibility = input.visibility ?? undefined
    const historyVisibility = input.historyVisibility ?? undefined
    const slowModeSeconds = input.slowModeSeconds ?? undefined
    if (slowModeSeconds !== undefined && (slowModeSeconds < 0 || slowModeSeconds > slowestMode))
      return refuse('BAD_INPUT', `Slow mode takes 0 (off) to ${slowestMode} seconds.`, 'slowModeSeconds')
    const change = { actor, name, topic, visibility, historyVisibility, slowModeSeconds }
    if (slug === undefined && visibility === undefined)
      return await this.#room(id, requester, (room) => domain.update(room, change))

    const { state } = await this.#commands.load(conversations, conversationStream(id))
    const before = state.status === 'exists' && state.kind === 'ROOM' ? state : undefined
    return await this.#withSlug({ ...change, slug: slug ?? defaultSlug(before, change, id) }, before, id, requester)
  }

  /** Claims the slug that the room shall have, and frees the one that it has no more. */
  async #withSlug(
    change: domain.UpdateRoom,
    before: OpenRoom | undefined,
    id: RoomId,
    requester: Requester,
  ): Promise<RoomOutcome> {
    const { slug } = change
    const allowed = domain.update(before ?? initial, change)
    if (allowed.kind === 'refused') return allowed
    if (slug !== undefined) {
      const claim = await this.#slugs.claim(slug, id, requester)
      if (isRefusal(claim)) return claim
    }
    const done = await this.#room(id, requester, (room) => domain.update(room, change))
    // It may have happened: the room keeps both names, and a repeat settles it.
    if (done.kind === 'refused' && done.code === 'UNAVAILABLE') return done
    // What was refused meanwhile may have asked for the slug that the room has.
    const now = done.kind === 'done' ? done : await this.#commands.load(conversations, conversationStream(id))
    const present = slugOfRoom(now.state)
    const unused = done.kind === 'refused' ? slug : before?.slug
    if (unused !== undefined && unused !== present) {
      await this.#slugs.release(unused, id, requester)
      // Another change of the room at the same instant may have counted on the claim.
      await this.#claimedAgain(unused, id, requester)
    }
    return done.kind === 'done' ? await this.#confirmed(done, present, id, requester) : done
  }

  async archive({ actor, requester }: By, id: string): Promise<RoomOutcome> {
    return await this.#known(id, requester, (room) => domain.archive(room, { actor }))
  }

  async unarchive({ actor, requester }: By, id: string): Promise<RoomOutcome> {
    return await this.#known(id, requester, (room) => domain.unarchive(room, { actor }))
  }

  async join({ actor, requester }: By, text: string): Promise<RoomOutcome> {
    const id = roomIdOf(text)
    if (!id) return noSuchRoom
    const { user } = actor
    const { state } = await this.#commands.load(conversations, conversationStream(id))
    const declined = await declinedBy(this.#commands, state, id, user)
    return await this.#room(id, requester, (room) => domain.join(room, { user, declined }))
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
    decide: (room: Conversation) => Decision<ConversationEvent>,
  ): Promise<RoomOutcome> {
    const room = roomIdOf(id)
    if (!room) return noSuchRoom
    return await this.#room(room, requester, decide)
  }

  async #room(
    id: RoomId,
    requester: Requester,
    decide: (room: Conversation) => Decision<ConversationEvent>,
  ): Promise<RoomOutcome> {
    const outcome: Outcome<Conversation, ConversationEvent> = await this.#commands.run(
      conversations,
      conversationStream(id),
      {
        requester,
        decide,
      },
    )
    return outcome.kind === 'refused' ? outcome : { ...outcome, roomId: id }
  }

  /** Whoever was so slow that the claim was taken over has made a room that its slug does not lead to. */
  async #confirmed(made: AboutRoom, slug: string | undefined, id: RoomId, requester: Requester): Promise<RoomOutcome> {
    if (slug === undefined) return made
    // Another change of the room at the same instant may have freed it.
    if ((await this.#slugs.owner(slug)) === undefined) await this.#claimedAgain(slug, id, requester)
    const present = await this.#commands.load(conversations, conversationStream(id))
    // By now it goes by another slug, or by none: that change looks after its own.
    if (slugOfRoom(present.state) !== slug) return made
    return (await this.#slugs.confirm(slug, id)) ?? made
  }

  /** Claims the slug that the room goes by, where it does. */
  async #claimedAgain(slug: string, id: RoomId, requester: Requester): Promise<void> {
    const { state } = await this.#commands.load(conversations, conversationStream(id))
    if (slugOfRoom(state) === slug) await this.#slugs.claim(slug, id, requester)
  }
}

/** An empty topic is none. */
function topicOf(input: string | null | undefined): string | null | undefined | Refusal {
  if (input == null) return input
  const topic = accepted(checkTopic(input), 'topic')
  return topic === '' ? null : topic
}
