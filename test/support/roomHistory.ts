// Random histories of one room, made by the rules themselves: people do this and that, and what happens is kept.

import fc from 'fast-check'
import * as conversation from '../../src/domain/conversation.ts'
import type { Decision } from '../../src/domain/decision.ts'
import type { ConversationEvent, MessageEvent, Recorded } from '../../src/domain/events.ts'
import { keyedMessageId, type MessageId, type UserId } from '../../src/domain/ids.ts'
import * as message from '../../src/domain/message.ts'
import * as room from '../../src/domain/room.ts'
import { conversationStream } from '../../src/domain/streams.ts'
import { contentHash } from '../../src/domain/text.ts'
import { memberBanned, memberUnbanned, roomUpdated, userInvited } from '../fixtures/events.ts'
import { ada, bob, clock, dan, eve, general } from '../fixtures/people.ts'
import { asStored } from './given.ts'

/** One room as its log tells it. */
export interface History {
  readonly events: readonly Recorded<ConversationEvent>[]
  readonly state: conversation.Conversation
  readonly facts: ReadonlyMap<MessageId, message.MessageFact>
}

/** Somebody asks for something. */
export interface Step {
  readonly by: UserId
  decide(history: History): Decision<ConversationEvent>
}

export const beginning: History = { events: [], state: conversation.initial, facts: new Map() }

/** What the log makes of one more event. */
export function grown(history: History, event: ConversationEvent, actor: UserId): History {
  const stored = {
    ...asStored({ ...event, actor }, history.events.length),
    stream: conversationStream(general),
    conversationId: general,
    position: `${history.events.length}`.padStart(8, '0'),
    // It is one of these events with all that the log puts around it.
  } as unknown as Recorded<ConversationEvent>
  const facts = new Map(history.facts)
  if (isAboutMessage(stored)) {
    const id = message.messageOf(stored)
    const fact = message.evolveFact(facts.get(id), stored)
    if (fact) facts.set(id, fact)
  }
  return { events: [...history.events, stored], state: conversation.evolve(history.state, stored), facts }
}

/** The decision, and the history with what it made happen. */
export function taken(
  history: History,
  { by, decide }: Step,
): { decision: Decision<ConversationEvent>; after: History } {
  const decision = decide(history)
  if (decision.kind === 'refused') return { decision, after: history }
  return { decision, after: decision.events.reduce((before, event) => grown(before, event, by), history) }
}

export const played = (steps: readonly Step[]): History =>
  steps.reduce((history, step) => taken(history, step).after, beginning)

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
      name: fc.option(word, { nil: undefined }),
      slug: fc.option(fc.constantFrom('general', 'garden'), { nil: undefined }),
      topic: fc.option(fc.option(text, { nil: null }), { nil: undefined }),
    })
    .map((change) => step(change.actor.user, ({ state }) => room.update(state, change))),
  actor.map((by) => step(by.user, ({ state }) => room.archive(state, { actor: by }))),
  actor.map((by) => step(by.user, ({ state }) => room.unarchive(state, { actor: by }))),
  { weight: 4, arbitrary: person.map((user) => step(user, ({ state }) => room.join(state, { user }))) },
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
const planted: fc.Arbitrary<Step> = fc.tuple(person, person, fc.nat(4)).map(([who, whom, which]) =>
  step(who, ({ state }) => {
    const events = [
      userInvited(whom),
      memberBanned(whom),
      memberUnbanned(whom),
      roomUpdated({ visibility: 'PRIVATE' }),
      roomUpdated({ visibility: 'PUBLIC' }),
    ]
    const event = events[which]
    return { kind: 'happened', events: state.status === 'none' || event === undefined ? [] : [event] }
  }),
)

const made = fc.constant(
  step(ada, ({ state }) =>
    room.create(state, {
      creator: { user: ada, serverRole: 'MEMBER' },
      name: 'General',
      slug: 'general',
      visibility: 'PUBLIC',
      historyVisibility: 'ALL',
    }),
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
