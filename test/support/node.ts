// The inside of a node without its transports: the embedded engines in a folder of their own, read models that follow the log
// only when they are told to, a clock that is set by hand, and commands.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allProjections } from '../../projections/all.ts'
import { conversations } from '../../src/commands/aggregate.ts'
import { Commands } from '../../src/commands/commands.ts'
import type { Command } from '../../src/commands/deciding.ts'
import { dateTime, newUuid } from '../../src/commands/occasion.ts'
import type { Documents } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import type { Conversation } from '../../src/domain/conversation.ts'
import type { ConversationEvent, ParleyEvent } from '../../src/domain/events.ts'
import { messageId, type UserId } from '../../src/domain/ids.ts'
import { send } from '../../src/domain/message.ts'
import { conversationStream, keepsOnlyNewest } from '../../src/domain/streams.ts'
import { contentHash } from '../../src/domain/text.ts'
import { metadataOf } from '../../src/eventstore/decode.ts'
import { LogFollower, type LogListener } from '../../src/eventstore/follower.ts'
import type { Json, NewEvent } from '../../src/eventstore/port.ts'
import { openSqliteEventStore, type SqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import { Projecting } from '../../src/projecting/projecting.ts'
import { roomCreated, type Told, userJoined } from '../fixtures/events.ts'
import { ada, as, general } from '../fixtures/people.ts'
import { CountingDocuments } from './countingDocuments.ts'
import { FaultyStore } from './faultyStore.ts'

export const generalStream = conversationStream(general)

/** A clock that stands still until it is moved. */
export class HandClock {
  /** ms since 1970. */
  time = Date.UTC(2026, 0, 1)
  now = (): number => this.time
}

/** An event as it is given to the log. */
export function written(event: ParleyEvent & Told, at = Date.UTC(2026, 0, 1)): NewEvent {
  const { id = newUuid(), type, data, body, actor, occurredAt = dateTime(at) } = event
  return {
    id,
    type,
    // What events hold is JSON; interfaces only lack the index signature that says so.
    data: data as Json,
    ...(body === undefined ? undefined : { body: body as Json }),
    metadata: metadataOf({ actor, occurredAt, correlationId: id, causationId: id }),
  }
}

/** Somebody says something, without a key. */
export const saying = (text: string, user: UserId = ada): Command<Conversation, ConversationEvent> => {
  const id = messageId(newUuid())
  const sending = { actor: as(user), messageId: id, text, contentHash: contentHash({ text }) }
  return {
    requester: { user, correlationId: newUuid() },
    decide: (room, { now }) => send(room, { ...sending, mentions: [], mentionsRoom: false }, { known: undefined, now }),
  }
}

export class Node implements AsyncDisposable {
  readonly folder: string
  /** The log itself, past every fault. */
  readonly log: SqliteEventStore
  readonly store: FaultyStore
  readonly documents: CountingDocuments
  readonly projecting: Projecting
  readonly clock = new HandClock()
  commands: Commands
  #follower: LogFollower | undefined
  #modelsOpen = false

  private constructor(folder: string, log: SqliteEventStore, documents: Documents) {
    this.folder = folder
    this.log = log
    this.store = new FaultyStore(log)
    this.documents = new CountingDocuments(documents)
    const logger = { info() {}, warn() {}, error() {} }
    this.projecting = new Projecting({ store: log, documents: this.documents, projections: allProjections, logger })
    this.commands = this.#newCommands()
  }

  static async open(): Promise<Node> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-node-'))
    const log = await openSqliteEventStore({ folder, keepsOnlyNewest })
    const node = new Node(folder, log, await openSqliteDocuments({ folder }))
    await node.commands.open()
    return node
  }

  /** The read models are there, as the log is now; they stay as they are until they are told to follow it. */
  async openModels(): Promise<void> {
    if (this.#modelsOpen) return
    this.#modelsOpen = true
    await this.projecting.open()
    await this.projecting.catchUp()
  }

  /** With Ada's public room in the log, and whoever else is named in it. */
  static async withRoom(...members: readonly UserId[]): Promise<Node> {
    const node = await Node.open()
    const joined = members.map((user) => ({ ...userJoined(user), actor: user }))
    await node.plant({ ...roomCreated(), actor: ada }, { ...userJoined(ada, 'OWNER'), actor: ada }, ...joined)
    return node
  }

  /** Appends past everything, as another node would. */
  async plant(...events: readonly (ParleyEvent & Told)[]): Promise<void> {
    await this.log.append(
      generalStream,
      events.map((event) => written(event)),
      'any',
    )
  }

  /** Everybody's commands go to a process that has just been started. The old one's are forgotten as they stand. */
  restart(options: { readonly shared?: boolean } = {}): void {
    this.commands = this.#newCommands(options)
  }

  say(text: string, user: UserId = ada) {
    return this.commands.run(conversations, generalStream, saying(text, user))
  }

  /** The texts in the log of the room, in order. */
  async texts(): Promise<readonly string[]> {
    const texts: string[] = []
    for await (const page of this.log.readStream(generalStream))
      for (const { type, body } of page) if (type === 'MessageSent') texts.push(String(body?.text))
    return texts
  }

  /** The read models, and these, hear of the log from now on. */
  async follow(...listeners: readonly LogListener[]): Promise<LogFollower> {
    await this.openModels()
    await this.#follower?.close()
    const follower = new LogFollower({ store: this.log, after: this.projecting.checkpoint })
    for (const listener of [...listeners, this.projecting]) follower.add(listener)
    follower.start()
    this.#follower = follower
    return follower
  }

  /** They hear of nothing more. */
  async unfollow(): Promise<void> {
    await this.#follower?.close()
    this.#follower = undefined
  }

  /** Waits until everything that is in the log now can be read. */
  async level(): Promise<void> {
    await this.openModels()
    if (!this.#follower) await this.follow()
    if (!(await this.projecting.readModels.waitFor(await this.log.end(), { timeoutMs: 20_000 })))
      throw new Error('The read models did not catch up.')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unfollow()
    await this.commands.close()
    if (this.#modelsOpen) await this.projecting.close()
    await this.documents.close()
    await this.store.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  #newCommands(options: { readonly shared?: boolean } = {}): Commands {
    const { store, documents, clock, projecting } = this
    return new Commands({ store, documents, models: projecting.readModels, clock, ...options })
  }
}
