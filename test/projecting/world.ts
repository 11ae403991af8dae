// What the tests of the read models stand on: the embedded engines in a folder of their own, and small projections.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Projection, projection, removed } from '../../projections/projection.ts'
import type { Document, Documents } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import { canonicalJson } from '../../src/domain/canonicalJson.ts'
import type { DateTime } from '../../src/domain/ids.ts'
import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import { metadataOf } from '../../src/eventstore/decode.ts'
import { LogFollower } from '../../src/eventstore/follower.ts'
import type { Appended, EventStore, NewEvent } from '../../src/eventstore/port.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import type { Logger } from '../../src/projecting/logger.ts'
import { Projecting, type ProjectingOptions } from '../../src/projecting/projecting.ts'

export interface LetterDocument {
  readonly text?: string
  readonly edits: number
}

export const letters = projection<LetterDocument>({
  name: 'letters',
  version: 1,
  indexes: [{ edits: 1 }],
  documentOf: {
    MessageSent: (event) => `message_${event.id}`,
    MessageEdited: (event) => event.data.messageId,
    MessageDeleted: (event) => event.data.messageId,
  },
  evolve: {
    MessageSent: (_, event) => ({ ...(event.body && { text: event.body.text }), edits: 0 }),
    MessageEdited: (letter, event) =>
      letter && { ...letter, ...(event.body && { text: event.body.text }), edits: letter.edits + 1 },
    MessageDeleted: (letter) => letter && removed,
  },
})

export interface HouseDocument {
  readonly sent: number
  readonly deleted: number
}

/** How much happened in each room. */
export const houses = projection<HouseDocument>({
  name: 'houses',
  version: 1,
  access: true,
  indexes: [{ sent: 1 }],
  documentOf: { MessageSent: (event) => event.stream, MessageDeleted: (event) => event.stream },
  evolve: {
    MessageSent: (house = { sent: 0, deleted: 0 }) => ({ ...house, sent: house.sent + 1 }),
    MessageDeleted: (house = { sent: 0, deleted: 0 }) => ({ ...house, deleted: house.deleted + 1 }),
  },
})

/** From streams that keep only their newest event. */
export const marks = projection<{ readonly number: number }>({
  name: 'marks',
  version: 1,
  indexes: [],
  documentOf: { ReadMarkerAdvanced: (event) => event.stream },
  evolve: { ReadMarkerAdvanced: (_, event) => ({ number: event.data.number }) },
})

export const smallProjections: readonly Projection[] = [letters, houses, marks]

const at = (time: number): DateTime => new Date(time).toISOString() as DateTime

export const event = (
  type: string,
  data: NewEvent['data'],
  body?: NewEvent['body'],
  occurredAt = Date.now(),
): NewEvent => ({
  id: randomUUID(),
  type,
  data,
  ...(body && { body }),
  metadata: metadataOf({ occurredAt: at(occurredAt), correlationId: 'c', causationId: 'c' }),
})

export const sent = (number: number, text = `text ${number}`): NewEvent =>
  event('MessageSent', { number }, { text, contentHash: 'h' })
export const edited = (messageEventId: string, text: string): NewEvent =>
  event('MessageEdited', { messageId: `message_${messageEventId}`, subjectRevision: 0 }, { text })
export const deleted = (messageEventId: string, forgets: readonly string[] = [messageEventId]): NewEvent =>
  event('MessageDeleted', { messageId: `message_${messageEventId}`, subjectRevision: 0, forgets, cause: 'AUTHOR' })
export const marked = (number: number): NewEvent => event('ReadMarkerAdvanced', { number, messageId: 'message_x' })

export interface CollectingLogger extends Logger {
  readonly lines: string[]
}

export function collectingLogger(): CollectingLogger {
  const lines: string[] = []
  const add = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  return { lines, info: add('info'), warn: add('warn'), error: add('error') }
}

/** Stores in a new folder, and what was opened on them; all of it is closed and removed at the end of the test. */
export class World implements AsyncDisposable {
  readonly folder: string
  readonly store: EventStore
  readonly documents: Documents
  readonly logger = collectingLogger()
  readonly #nodes: (() => Promise<void>)[] = []

  private constructor(folder: string, store: EventStore, documents: Documents) {
    this.folder = folder
    this.store = store
    this.documents = documents
  }

  static async open(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-projecting-'))
    return new World(
      folder,
      await openSqliteEventStore({ folder, keepsOnlyNewest }),
      await openSqliteDocuments({ folder }),
    )
  }

  append(stream: string, ...events: readonly NewEvent[]): Promise<Appended> {
    return this.store.append(stream, events, 'any')
  }

  /** A runner that has caught up, and a subscription that feeds it. */
  async node(options: Partial<ProjectingOptions> = {}): Promise<Node> {
    const node = new Node(this, options)
    this.#nodes.push(() => node.close())
    await node.open()
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#nodes.reverse()) await close()
    await this.documents.close()
    await this.store.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export class Node {
  readonly projecting: Projecting
  readonly #world: World
  #follower: LogFollower | undefined
  #closed: Promise<void> | undefined

  constructor(world: World, options: Partial<ProjectingOptions>) {
    this.#world = world
    const { store, documents, logger } = world
    this.projecting = new Projecting({
      store,
      documents,
      logger,
      projections: smallProjections,
      graceMs: 20,
      ...options,
    })
  }

  async open(): Promise<void> {
    await this.projecting.open()
    await this.projecting.catchUp()
    this.#follower = new LogFollower({ store: this.#world.store, after: this.projecting.checkpoint })
    this.#follower.add(this.projecting)
    this.#follower.start()
  }

  /** Everything that is in the log now can be read. */
  async level(): Promise<void> {
    const end = await this.#world.store.end()
    if (!(await this.projecting.readModels.waitFor(end, { timeoutMs: 10_000 })))
      throw new Error('The read models did not catch up.')
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#follower?.close()
      await this.projecting.close()
    })()
    return this.#closed
  }
}

/** Every document of the builds in use, by projection and id, with its revision, as canonical JSON. */
export async function contents(documents: Documents, projecting: Projecting): Promise<string> {
  const all: Record<string, Document> = {}
  for (const { name, collection } of projecting.status()) {
    if (collection === undefined) throw new Error(`${name} has no build.`)
    for await (const page of documents.scan(collection))
      for (const { id, revision, document } of page) all[`${name} ${id}`] = { revision, document }
  }
  return canonicalJson(all)
}

/** The same from a fresh fold of the log, in the simplest way there is. */
export async function freshFold(
  store: EventStore,
  projections: readonly Projection[] = smallProjections,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-fresh-'))
  const documents = await openSqliteDocuments({ folder })
  const projecting = new Projecting({ store, documents, logger: collectingLogger(), projections })
  try {
    await projecting.open()
    await projecting.catchUp()
    return await contents(documents, projecting)
  } finally {
    await projecting.close()
    await documents.close()
    await rm(folder, { recursive: true, force: true })
  }
}
