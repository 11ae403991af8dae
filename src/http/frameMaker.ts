// Makes the frames of subscriptions of what their feeds give: once for all who see the same, and never more than the viewer may
// still see once it is made.

import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql'
import type { LRUCache } from 'lru-cache'
import { type App, type Caller, type Context, createContext } from '../../schema/context.ts'
import type { Identity } from '../accounts/sessions.ts'
import { newUuid } from '../commands/occasion.ts'
import type { ConversationId } from '../domain/ids.ts'
import type { Position } from '../eventstore/port.ts'
import type { MadeFrame } from '../live/madeFrame.ts'
import { recentlyUsed } from '../recentlyUsed.ts'
import { Frame } from './frame.ts'
import { isObject } from './gateRequest.ts'
import { sessionEnded } from './refusal.ts'
import { Sharing, type SharingSaid } from './sharing.ts'

type Args = ExecutionArgs & { readonly contextValue: Context }
/** Each frame has a context of its own. */
type Asked = Omit<Args, 'contextValue'>

interface FrameMakerOptions {
  readonly schema: GraphQLSchema
  readonly app: App
  readonly execute: (args: Args) => Promise<ExecutionResult>
  /** What a client is told of an error. */
  readonly failureOf: (thrown: unknown, correlationId: string) => Error
}

/** Groups of one document, which differ in their variables, whose making is remembered. */
const rememberedGroups = 64

/** Frames that are made once for all who are shown the same. */
export interface SharedMaking {
  /** The same for all of those. */
  readonly group: string
  /** They look the same until a message or a person in them changes. */
  readonly lasting: boolean
  /** Asks nobody whether they may see it, nor whether they still may once it is made. */
  make(payload: object): Promise<Frame>
}

export interface Making {
  /** For the one subscription. It throws a GraphQLError when the session has ended, or when there is no frame. */
  frameOf(payload: unknown): Promise<MadeFrame>
  /** Undefined where something in its frames is per viewer. */
  readonly shared: SharedMaking | undefined
  /** What the client is told of that with its first frame. */
  readonly said: SharingSaid
  /** What the client is told of an error of the source. */
  failureOf(thrown: unknown): Error
}

interface Subscription {
  readonly args: Asked
  readonly caller: Caller
  readonly identity: Identity | undefined
}

export class FrameMaker {
  readonly #options: FrameMakerOptions
  readonly #sharing: Sharing
  readonly #groups = new WeakMap<DocumentNode, LRUCache<string, SharedMaking>>()

  constructor(options: FrameMakerOptions) {
    this.#options = options
    this.#sharing = new Sharing(options.schema)
  }

  /** What makes the frames of one subscription. */
  of(subscription: Subscription): Making {
    return new SubscriptionFrames(this, subscription)
  }

  /** For all subscriptions that are shown the same; undefined where something in the frames is per viewer. */
  sharedBy(args: Asked): SharedMaking | undefined {
    const group = this.#sharing.groupOf(args)
    if (!group) return undefined
    const ofDocument = this.#groups.get(args.document) ?? recentlyUsed<string, SharedMaking>(rememberedGroups)
    this.#groups.set(args.document, ofDocument)
    const known = ofDocument.get(group.name)
    if (known) return known
    const shared: SharedMaking = {
      group: group.name,
      lasting: group.lasting,
      // What else there is in the arguments of one of them has done its work.
      make: (payload) => this.executed(args, payload, { by: anybody() }),
    }
    ofDocument.set(group.name, shared)
    return shared
  }

  saidOf(args: Asked): SharingSaid {
    return this.#sharing.saidOf(args)
  }

  /** Whether a session is over whose timer may not have rung yet. */
  isOver({ deadline }: Identity): boolean {
    return this.#options.app.server.now() >= deadline
  }

  failureOf(thrown: unknown, correlationId: string): Error {
    return this.#options.failureOf(thrown, correlationId)
  }

  async executed(
    args: Asked,
    payload: unknown,
    { by, withheld }: { readonly by: Caller; readonly withheld?: ReadonlySet<ConversationId> },
  ): Promise<Frame> {
    const { app, execute } = this.#options
    const atLeast = positionIn(payload)
    const contextValue = createContext({
      app,
      caller: by,
      // What is kept must not show people as they were.
      frame: !(isObject(payload) && payload.lasts === true),
      ...(withheld && { withheld }),
      ...(atLeast === undefined ? {} : { atLeast }),
    })
    const result = await execute({ ...args, rootValue: payload, contextValue })
    // Its cursor is lost with its data: the client goes on from the one before, and misses nothing.
    if (result.data == null) throw result.errors?.[0] ?? new Error('A frame has neither data nor errors.')
    const whole = contextValue.consistency.behind === undefined
    return new Frame({ ...result, data: result.data }, { cursor: cursorIn(payload), whole })
  }
}

/** A class, and no closures: each subscription keeps one for as long as it lasts. */
class SubscriptionFrames implements Making {
  readonly shared: SharedMaking | undefined
  readonly #maker: FrameMaker
  readonly #subscription: Subscription

  constructor(maker: FrameMaker, subscription: Subscription) {
    this.#maker = maker
    this.#subscription = subscription
    this.shared = maker.sharedBy(subscription.args)
  }

  get said(): SharingSaid {
    return this.#maker.saidOf(this.#subscription.args)
  }

  async frameOf(payload: unknown): Promise<MadeFrame> {
    const made = madeIn(payload)
    if (made) return made
    const { args, caller, identity } = this.#subscription
    let frame = await this.#maker.executed(args, payload, { by: caller })
    // It shows conversations as they are now: of one that the viewer has lost meanwhile that is too much, and only what the
    // events themselves say is left. Another one may be lost while that is made.
    let withheld = none
    for (let lost = lostIn(payload); !lost.isSubsetOf(withheld); lost = lostIn(payload)) {
      withheld = withheld.union(lost)
      frame = await this.#maker.executed(args, payload, { by: caller, withheld })
    }
    // Its timer may ring a second late.
    if (identity && this.#maker.isOver(identity)) for (const error of sessionEnded().errors) throw error
    return frame
  }

  failureOf(thrown: unknown): Error {
    return this.#maker.failureOf(thrown, this.#subscription.caller.correlationId)
  }
}

/** The conversations of a live payload that may no longer be shown as they are now. */
function lostIn(payload: unknown): ReadonlySet<ConversationId> {
  // Made by the feed, never by a client.
  const lost = isObject(payload) ? (payload.lost as (() => ReadonlySet<ConversationId>) | undefined) : undefined
  return lost?.() ?? none
}

const none: ReadonlySet<ConversationId> = new Set()

/** The frame of a live payload that was made for many, and which its feed has just judged. */
function madeIn(payload: unknown): MadeFrame | undefined {
  // Made by the feed, never by a client.
  return isObject(payload) ? (payload.made as MadeFrame | undefined) : undefined
}

/** On whose behalf a frame is executed that goes to many: a field that asks who it is fails, and shows that it is not shared. */
const anybody = (): Caller => ({ address: '', connectionId: '', correlationId: newUuid() })

/** Where the feed stands after a live payload, whether or not the client asks for it. */
function cursorIn(payload: unknown): string | undefined {
  const cursor = isObject(payload) ? payload.cursor : undefined
  return typeof cursor === 'string' ? cursor : undefined
}

/** What a live payload's fields must see at least. */
function positionIn(payload: unknown): Position | undefined {
  const atLeast = isObject(payload) ? payload.atLeast : undefined
  // Made by the feed, never by a client.
  return typeof atLeast === 'string' ? (atLeast as Position) : undefined
}
