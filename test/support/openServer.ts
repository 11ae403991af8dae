// A server in this process whose stores lie open: events can be put into its log as another node would, and its read models can be
// held back.

import { rm } from 'node:fs/promises'
import { formatToken, hashToken, newSecret } from '../../src/accounts/tokens.ts'
import { dateTime, newUuid } from '../../src/commands/occasion.ts'
import { loadConfig } from '../../src/config.ts'
import type { ParleyEvent, ServerRole } from '../../src/domain/events.ts'
import { type ConversationId, type SessionId, sessionId, type UserId } from '../../src/domain/ids.ts'
import { conversationStream, sessionStream, userStream } from '../../src/domain/streams.ts'
import { openEngines } from '../../src/engines.ts'
import type { Appended, EventStore, RecordedEvent } from '../../src/eventstore/port.ts'
import type { PresenceTimes } from '../../src/live/presence/devices.ts'
import { createLogger } from '../../src/logger.ts'
import { startServer } from '../../src/server.ts'
import type { Told } from '../fixtures/events.ts'
import { HeldDocuments } from './heldDocuments.ts'
import { written } from './node.ts'
import { newFolder, type TestServer } from './testServer.ts'

export interface OpenServer extends TestServer {
  readonly store: EventStore
  readonly documents: HeldDocuments
  /** While nobody owns it. */
  readonly claimToken: string | undefined
  /** Appends to a stream past every rule. */
  plant(stream: string, ...events: readonly (ParleyEvent & Told)[]): Promise<Appended>
}

interface OpenServerOptions {
  /** Settings as variables. Rate limits are off and logs silent unless said. */
  readonly env?: Readonly<Record<string, string>>
  readonly presenceTimes?: PresenceTimes
  /** A folder to go on with; it is then not removed. */
  readonly folder?: string
}

const quiet = { PARLEY_RATE_LIMITS: 'off', PARLEY_LOG_LEVEL: 'silent', PARLEY_PORT: '0' }

/** Dispose to stop it and remove its folder. */
export async function startOpenServer(options: OpenServerOptions = {}): Promise<OpenServer> {
  const { env = {}, presenceTimes } = options
  const folder = options.folder ?? (await newFolder())
  const { config } = loadConfig({ env: { ...quiet, ...env, PARLEY_DATA: folder }, cwd: folder })
  const opened = Promise.withResolvers<{ readonly store: EventStore; readonly documents: HeldDocuments }>()
  const server = await startServer({
    config,
    logger: await createLogger({ config }),
    presenceTimes,
    open: async (opening) => {
      const engines = await openEngines(opening)
      const documents = new HeldDocuments(engines.documents)
      opened.resolve({ store: engines.store, documents })
      return { ...engines, documents }
    },
  })
  const { store, documents } = await opened.promise
  return {
    url: server.url,
    graphql: server.graphql,
    ws: server.ws,
    folder,
    store,
    documents,
    claimToken:
      (server.claimUrl && new URLSearchParams(new URL(server.claimUrl).hash.slice(1)).get('token')) || undefined,
    plant: (stream, ...events) =>
      store.append(
        stream,
        events.map((event) => written(event, Date.now())),
        'any',
      ),
    [Symbol.asyncDispose]: async () => {
      await server.close('the test is over')
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Gives an account a role on the server. */
export const plantServerRole = (server: OpenServer, user: string, role: ServerRole): Promise<Appended> =>
  server.plant(userStream(user as UserId), { type: 'ServerRoleChanged', data: { role } })

/** Bans somebody from a room. */
export const plantBan = (server: OpenServer, room: string, user: string, wasMember: boolean): Promise<Appended> =>
  server.plant(streamOf(room), {
    type: 'MemberBanned',
    data: { userId: user as UserId, ...(wasMember ? { wasMember } : undefined) },
  })

export const plantUnban = (server: OpenServer, room: string, user: string): Promise<Appended> =>
  server.plant(streamOf(room), { type: 'MemberUnbanned', data: { userId: user as UserId } })

/** Begins a session of an account as it is now. @returns its id and its token */
export async function plantSession(
  server: OpenServer,
  user: string,
  lastsMs = 86_400_000,
): Promise<{ readonly id: SessionId; readonly token: string; readonly expiresAt: number }> {
  const account = await server.store.head(userStream(user as UserId))
  if (!account) throw new Error(`There is no account ${user}.`)
  const secret = newSecret()
  const id = sessionId(newUuid())
  const expiresAt = Date.now() + lastsMs
  await server.plant(sessionStream(id), {
    type: 'SessionStarted',
    data: {
      userId: user as UserId,
      userRevision: account.revision,
      tokenHash: hashToken(secret),
      expiresAt: dateTime(expiresAt),
    },
  })
  return { id, token: formatToken(id, secret), expiresAt }
}

/** What the log holds of a conversation, from its first event on. */
export async function logOf(server: OpenServer, conversation: string): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const page of server.store.readStream(streamOf(conversation))) events.push(...page)
  return events
}

/** Tests name conversations by the ids that the API gave them. */
const streamOf = (conversation: string): string => conversationStream(conversation as ConversationId)
