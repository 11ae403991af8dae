// Random histories of one room, or of one direct conversation, made by the rules themselves: people do this and that, and what
// happens is kept.

import fc from 'fast-check'
import * as conversation from '../../src/domain/conversation.ts'
import { type Decision, nothing } from '../../src/domain/decision.ts'
import * as direct from '../../src/domain/direct.ts'
import type { ConversationEvent, MessageEvent, Recorded } from '../../src/domain/events.ts'
import { type ConversationId, directIdOf, keyedMessageId, type MessageId, type UserId } from '../../src/domain/ids.ts'
import * as message from '../../src/domain/message.ts'
import * as room from '../../src/domain/room.ts'
import { conversationStream } from '../../src/domain/streams.ts'
import { contentHash } from '../../src/domain/text.ts'
import { memberBanned, memberUnbanned } from '../fixtures/events.ts'
import { ada, bob, clock, dan, eve, general } from '../fixtures/people.ts'
import { asStored } from './given.ts'

/** One conversation as its log tells it. */
export interface History {
  readonly conversationId: ConversationId
  readonly events: readonly Recorded<ConversationEvent>[]
  readonly state: conversation.Conversation
  readonly facts: ReadonlyMap<MessageId, message.MessageFact>
  /** The newest invitation that each has declined, as its revision. It stands in streams of their own. */
  readonly declined: ReadonlyMap<UserId, number>
}

/** Somebody asks for something. */
export interface Step {
  readonly by: UserId
  /** They decline the invitation that they have, if they have one. */
  readonly declines?: true
  decide(history: History): Decision<ConversationEvent>
}

const beginningOf = (conversationId: ConversationId): History => ({
  conversationId,
  events: [],
  state: conversation.initial,
  facts: new Map(),
  declined: new Map(),
})

export const beginning: History = beginningOf(general)

/** What the log makes of one more event. */
export function grown(history: History, event: ConversationEvent, actor: UserId): History {
  const stored = {
    ...asStored({ ...event, actor }, history.events.length),
    stream: conversationStream(history.conversationId),
    conversationId: history.conversationId,
    position: `${history.events.length}`.padStart(8, '0'),
    // It is one of these events with all that the log puts around it.
  } as unknown as Recorded<ConversationEvent>
  const facts = new Map(history.facts)
  if (isAboutMessage(stored)) {
    const id = message.messageOf(stored)
    const fact = message.evolveFact(facts.get(id), stored)
    if (fact) facts.set(id, fact)
  }
  return { ...history, events: [...history.events, stored], state: conversation.evolve(history.state, stored), facts }
}

/** The decision, and the history with what it made happen. */
export function taken(
  history: History,
  { by, decide, declines }: Step,
): { decision: Decision<ConversationEvent>; after: History } {
  const decision = decide(history)
  const invitation = declines && history.state.status === 'exists' ? history.state.invited.get(by) : undefined
  if (invitation !== undefined)
    return { decision, after: { ...history, declined: new Map([...history.declined, [by, invitation]]) } }
  if (decision.kind === 'refused') return { decision, after: history }
  return { decision, after: decision.events.reduce((before, event) => grown(before, event, by), history) }
}

export const played = (steps: readonly Step[], from = beginning): History =>
  steps.reduce((history, step) => taken(history, step).after, from)

const isAboutMessage = (event: Recorded<ConversationEvent>): event is Recorded<MessageEvent> =>
  event.type === 'MessageSent' ||
  event.type === 'DMSent' ||
  event.type === 'MessageEdited' ||
  event.type === 'MessageDeleted'

const person = fc.constantFrom(ada, bob, eve, dan)
const serverRole = fc.constantFrom('MEMBER', 'MEMBER', 'MEMBER', 'GUEST', 'MODERATOR', 'ADMIN', 'OWNER')
const actor = fc.record({ user: person, serverRole })
const key = fc.constantFrom('key-1', 'key-2', 'key-3')
const text = fc.constantFrom('Hello!', 'Better', 'Best')
const word = fc.constantFrom('General', 'Garden')
const idOf = (author: UserId, sentWith: string) => keyedMessageId(general, author, sentWith)

const visibility = fc.constantFrom('PUBLIC', 'PRIVATE')
const historyVisibility = fc.constantFrom('ALL', 'SINCE_JOINED')
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const step = (who: UserId, decide: Step['decide']): Step => ({ by: who, decide })

/** Every command of a room and of its messages. */
export const command: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ creator: actor, name: word })
    .map(({ creator, name }) =>
      step(creator.user, ({ state }) =>
        room.create(state, { creator, name, slug: 'general', visibility: 'PUBLIC', historyVisibility: 'ALL' }),
      ),
    ),
  fc
    .record({
      actor,
      name: maybe(word),
      slug: maybe(fc.constantFrom('general', 'garden')),
      topic: maybe(fc.option(text, { nil: null })),
      slowModeSeconds: maybe(fc.constantFrom(0, 5)),
    })
    .map((change) => step(change.actor.user, ({ state }) => room.update(state, change))),
  {
    weight: 2,
    arbitrary: fc
      .record({ actor, visibility: maybe(visibility), historyVisibility: maybe(historyVisibility) })
      .map((change) =>
        step(change.actor.user, ({ state }) =>
          room.update(state, { ...change, slug: change.visibility === 'PUBLIC' ? 'general' : undefined }),
        ),
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ actor, users: fc.uniqueArray(person, { minLength: 1 }) })
      .map((asked) => step(asked.actor.user, ({ state, declined }) => room.invite(state, { ...asked, declined }))),
  },
  person.map((user) => ({ by: user, declines: true as const, decide: () => nothing })),
  actor.map((by) => step(by.user, ({ state }) => room.archive(state, { actor: by }))),
  actor.map((by) => step(by.user, ({ state }) => room.unarchive(state, { actor: by }))),
  {
    weight: 4,
    arbitrary: person.map((user) =>
      step(user, ({ state, declined }) => room.join(state, { user, declined: declined.get(user) })),
    ),
  },
  { weight: 2, arbitrary: person.map((user) => step(user, ({ state }) => room.leave(state, { user }))) },
  fc
    .record({ actor, user: person, role: fc.constantFrom('OWNER', 'MODERATOR', 'MEMBER') })
    .map((change) => step(change.actor.user, ({ state }) => room.setRole(state, change))),
  fc
    .record({ actor, user: person })
    .map((removal) => step(removal.actor.user, ({ state }) => room.remove(state, removal))),
  {
    weight: 8,
    arbitrary: fc
      .record({ actor, key, text, mentions: fc.uniqueArray(person), mentionsRoom: fc.boolean() })
      .map(({ key: clientMessageId, ...said }) => {
        const messageId = idOf(said.actor.user, clientMessageId)
        const sending = { ...said, messageId, clientMessageId, contentHash: contentHash({ text: said.text }) }
        return step(said.actor.user, ({ state, facts, events }) =>
          message.send(state, sending, { known: facts.get(messageId), now: clock(events.length) }),
        )
      }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ actor, author: person, key, text, mentions: fc.uniqueArray(person), mentionsRoom: fc.boolean() })
      .map(({ author, key: sentWith, ...said }) => {
        const messageId = idOf(author, sentWith)
        return step(said.actor.user, ({ state, facts }) =>
          message.edit(state, { ...said, messageId }, facts.get(messageId)),
        )
      }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ actor, author: person, key }).map(({ author, key: sentWith, actor: by }) => {
      const messageId = idOf(author, sentWith)
      return step(by.user, ({ state, facts }) => message.remove(state, { actor: by, messageId }, facts.get(messageId)))
    }),
  },
)

/** What no command decides yet, but the fold must know: as long as the room is there, it just happens. */
const planted: fc.Arbitrary<Step> = fc.tuple(person, person, fc.nat(1)).map(([who, whom, which]) =>
  step(who, ({ state }) => {
    const wasMember = state.status === 'exists' && state.members.has(whom)
    const event =
      which === 0
        ? { ...memberBanned(whom), data: { userId: whom, ...(wasMember ? { wasMember } : undefined) } }
        : memberUnbanned(whom)
    return { kind: 'happened', events: state.status === 'none' ? [] : [event] }
  }),
)

const made = fc
  .constantFrom<Pick<room.CreateRoom, 'slug' | 'visibility' | 'historyVisibility'>>(
    { slug: 'general', visibility: 'PUBLIC', historyVisibility: 'ALL' },
    { visibility: 'PRIVATE', historyVisibility: 'ALL' },
    { visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' },
  )
  .map((shown) =>
    step(ada, ({ state }) =>
      room.create(state, { creator: { user: ada, serverRole: 'MEMBER' }, name: 'General', ...shown }),
    ),
  )

/** Histories that commands make; mostly of a room that is there. */
export const commanded = (maxLength = 60): fc.Arbitrary<readonly Step[]> =>
  fc.tuple(made, fc.array(command, { maxLength })).map(([first, rest]) => [first, ...rest])

/** The same with events that no command makes yet in between. */
export const eventful = (maxLength = 60): fc.Arbitrary<readonly Step[]> =>
  fc
    .tuple(made, fc.array(fc.oneof({ weight: 6, arbitrary: command }, planted), { maxLength }))
    .map(([first, rest]) => [first, ...rest])

// ── direct conversations ──

const friends = [ada, bob, eve].toSorted()

/** Before the first of them has written. */
export const directBeginning: History = beginningOf(directIdOf(friends))

const friend = fc.constantFrom(ada, bob, eve)
const friendly = fc.record({ user: friend, serverRole })
const openingBy = fc
  .record({ actor: friendly, disabled: fc.boolean(), sharesRoom: fc.boolean() })
  .map(({ actor: opener, ...known }) => ({
    actor: opener,
    members: friends,
    recipients: friends
      .filter((user) => user !== opener.user)
      .map((user, index) => ({ user, ...known, field: `to.${index}` })),
  }))
const ofFriend = (author: UserId, sentWith: string) => keyedMessageId(directBeginning.conversationId, author, sentWith)

/** Every command of a direct conversation, by those who are in it. */
export const directCommand: fc.Arbitrary<Step> = fc.oneof(
  openingBy.map((opening) => step(opening.actor.user, ({ state }) => direct.open(state, opening))),
  {
    weight: 3,
    arbitrary: fc
      .record({ opening: openingBy, key, text, mentions: fc.uniqueArray(person), mentionsRoom: fc.boolean() })
      .map(({ opening, key: clientMessageId, ...said }) => {
        const messageId = ofFriend(opening.actor.user, clientMessageId)
        const sending = {
          ...said,
          actor: opening.actor,
          messageId,
          clientMessageId,
          contentHash: contentHash({ text: said.text }),
        }
        return step(opening.actor.user, ({ state, facts, events }) =>
          direct.openAndSend(state, opening, sending, { known: facts.get(messageId), now: clock(events.length) }),
        )
      }),
  },
  fc
    .record({
      actor: friendly,
      author: friend,
      key,
      text,
      mentions: fc.uniqueArray(person),
      mentionsRoom: fc.boolean(),
    })
    .map(({ author, key: sentWith, ...said }) => {
      const messageId = ofFriend(author, sentWith)
      return step(said.actor.user, ({ state, facts }) =>
        message.edit(state, { ...said, messageId }, facts.get(messageId)),
      )
    }),
  fc.record({ actor: friendly, author: friend, key }).map(({ author, key: sentWith, actor: by }) => {
    const messageId = ofFriend(author, sentWith)
    return step(by.user, ({ state, facts }) => message.remove(state, { actor: by, messageId }, facts.get(messageId)))
  }),
)

/** Histories of a direct conversation; play them from `directBeginning`. */
export const directed = (maxLength = 30): fc.Arbitrary<readonly Step[]> => fc.array(directCommand, { maxLength })
