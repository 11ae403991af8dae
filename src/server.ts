// The composition root: the parts of a server joined, started in order and stopped in the reverse one.

import type { AddressInfo } from 'node:net'
import packageJson from '../package.json' with { type: 'json' }
import { allProjections } from '../projections/all.ts'
import type { App } from '../schema/context.ts'
import { schema } from '../schema/schema.ts'
import { LoginAttempts } from './accounts/attempts.ts'
import { Passwords } from './accounts/passwords.ts'
import { commandRate, RateLimits } from './accounts/rates.ts'
import { Sessions } from './accounts/sessions.ts'
import { SessionWatch } from './accounts/sessionWatch.ts'
import { ControlServer } from './cli/control.ts'
import { AccountCommands } from './commands/accounts.ts'
import { Commands } from './commands/commands.ts'
import { Credentials } from './commands/credentials.ts'
import { DirectCommands } from './commands/directs.ts'
import { InvitationCommands } from './commands/invitations.ts'
import { MessageCommands } from './commands/messages.ts'
import { newUuid, systemClock } from './commands/occasion.ts'
import { OwnershipCommands } from './commands/ownership.ts'
import { PresenceCommands } from './commands/presence.ts'
import { ReadMarkerCommands } from './commands/readMarkers.ts'
import { RoomCommands } from './commands/rooms.ts'
import { SigningCommands } from './commands/signing.ts'
import { TypingCommands } from './commands/typing.ts'
import type { Config } from './config.ts'
import { type Engines, type OpenEngines, openBus, openEngines } from './engines.ts'
import { LogFollower } from './eventstore/follower.ts'
import type { AllowedDocuments } from './http/allowedDocuments.ts'
import { loadAllowlist } from './http/allowlistFile.ts'
import { claimPage } from './http/claimPage.ts'
import { Gate } from './http/gate.ts'
import { type Dependency, Health } from './http/health.ts'
import { createMetrics } from './http/metrics.ts'
import { HttpServer } from './http/server.ts'
import type { Bus } from './live/bus.ts'
import { Live } from './live/live.ts'
import type { PresenceTimes } from './live/presence/devices.ts'
import { LeasedLives } from './live/presence/leasedLives.ts'
import { onlyNode } from './live/presence/nodeLives.ts'
import { Presence } from './live/presence/presence.ts'
import { PresenceFeeds } from './live/presence/presenceFeeds.ts'
import { ServerFeeds } from './live/serverFeed.ts'
import { Typing } from './live/typing.ts'
import type { Logger } from './logger.ts'
import { Forgetting } from './processes/forgetting.ts'
import { inviting } from './processes/inviting.ts'
import { Projecting } from './projecting/projecting.ts'
import { PeopleQueries } from './queries/people.ts'
import { Queries } from './queries/queries.ts'

export interface RunningServer {
  /** Where it is reached, without a path. */
  readonly url: string
  readonly graphql: string
  readonly ws: string
  /** Every address it serves. */
  readonly addresses: readonly string[]
  /** While nobody owns the server: where its bearer makes it theirs, once. For whoever starts it, and for no log. */
  readonly claimUrl: string | undefined
  /** Finishes what is under way, tells clients to come back, and lets go of the data folder. */
  close(reason?: string): Promise<void>
  /** Resolves once it is closed. */
  readonly closed: Promise<void>
}

export interface StartOptions {
  readonly config: Config
  readonly logger: Logger
  /** Shorter than they are for people. */
  readonly presenceTimes?: PresenceTimes | undefined
  /** Opens the stores; those of the settings where it is left out. */
  readonly open?: OpenEngines | undefined
}

/** Events in a batch of a rebuild while people are served. */
const liveBatch = 2_000

/** @throws {CannotOpen} the data folder; {ConfigError} the allow-list; or Error, the address. The message says what to do. */
export async function startServer({
  config,
  logger,
  presenceTimes,
  open = openEngines,
}: StartOptions): Promise<RunningServer> {
  const startedAt = systemClock.now()
  const allowed = config.documentAllowlist === undefined ? undefined : loadAllowlist(config.documentAllowlist, schema)
  const onFault = (message: string): void => logger.error(message)
  const engines = await open({ config, onFault })
  const closing = new AsyncDisposableStack()
  closing.use(engines)
  try {
    return await assemble({ config, logger, presenceTimes, engines, closing, startedAt, allowed })
  } catch (error) {
    await closing.disposeAsync()
    throw error
  }
}

interface Assembly extends StartOptions {
  readonly engines: Engines
  /** Whatever is opened is closed by it, the last one first. */
  readonly closing: AsyncDisposableStack
  readonly startedAt: number
  readonly allowed: AllowedDocuments | undefined
}

async function assemble({
  config,
  logger,
  presenceTimes,
  engines,
  closing,
  startedAt,
  allowed,
}: Assembly): Promise<RunningServer> {
  const { store, documents, sharedAs } = engines
  const bus = await openBus({ config, logger })
  closing.defer(() => bus.close())
  const lives = sharedAs === undefined ? onlyNode() : await LeasedLives.begin({ documents, node: sharedAs, logger })
  closing.defer(() => lives.close())
  const clock = systemClock
  const follower = new LogFollower({
    store,
    after: await store.end(),
    onBroken: (error) =>
      logger.warn({ error: reasonOf(error) }, 'The subscription to the log broke; it is taken up again.'),
  })
  const projecting = new Projecting({
    store,
    documents,
    projections: allProjections,
    logger,
    ...(sharedAs !== undefined && { shared: { holder: `${sharedAs}/${lives.own}`, lives } }),
  })
  // What is done once is done where the read models are folded.
  const turn = sharedAs === undefined ? undefined : () => projecting.leading
  const forgetting = new Forgetting({ store, documents, logger, readModels: projecting, turn })
  const commands = new Commands({
    store,
    documents,
    models: projecting.readModels,
    clock,
    shared: sharedAs !== undefined,
  })
  const watch = new SessionWatch()
  const live = new Live({
    store,
    models: projecting.readModels,
    snapshots: commands.snapshots,
    follower,
    watch,
    now: clock.now,
  })
  const sessions = new Sessions({ commands, models: projecting.readModels, watch, sessionDays: config.sessionDays })
  const rates = new RateLimits({ now: clock.now, enabled: config.rateLimits })
  const credentials = new Credentials({
    commands,
    passwords: new Passwords(),
    attempts: new LoginAttempts({ now: clock.now, enabled: config.rateLimits }),
  })
  const signing = new SigningCommands({ commands, credentials, sessions })
  const messages = new MessageCommands({ commands, messageLength: config.messageLength })
  const invited = inviting({ store, documents, logger, commands, turn })
  const presenceCommands = new PresenceCommands(commands)
  const presence = new Presence({
    commands: presenceCommands,
    store,
    models: projecting.readModels,
    now: clock.now,
    lives,
    times: presenceTimes,
  })
  const { online } = presence
  const presenceFeeds = new PresenceFeeds({ online, live, now: clock.now })
  const typing = new Typing({ bus, live, now: clock.now })
  const serverFeeds = new ServerFeeds({ store, follower, online })
  const app: App = {
    commands: {
      accounts: new AccountCommands({
        commands,
        credentials,
        signing,
        rates,
        registration: config.registration,
        guests: config.guests,
      }),
      signing,
      ownership: new OwnershipCommands({ commands, credentials, signing, rates }),
      rooms: new RoomCommands(commands),
      messages,
      directs: new DirectCommands({ commands, messages }),
      invitations: new InvitationCommands(commands),
      readMarkers: new ReadMarkerCommands(commands),
      presence: presenceCommands,
      typing: new TypingCommands(commands, (notice) => typing.announce(notice)),
    },
    people: new PeopleQueries({ models: projecting.readModels, online }),
    presence,
    presenceFeeds,
    typing,
    serverFeeds,
    queries: new Queries(projecting.readModels),
    live,
    sessions,
    server: {
      name: 'Parley',
      version: packageJson.version,
      startedAt,
      messageLength: config.messageLength,
      attachmentBytes: config.attachmentBytes,
      now: clock.now,
      connectionCount: () => http.connections(),
      allow: (user) => rates.take(commandRate, user),
    },
  }
  const metrics = createMetrics({
    connections: () => http.connections(),
    feeds: () => live.feeds,
    appended: () => engines.appended(),
    projectionLagMs: () => Math.max(0, ...projecting.status().map(({ lagSeconds }) => lagSeconds * 1_000)),
  })
  const health = new Health({
    dependencies: () => dependencies({ engines, projecting, follower, bus, config }),
    metrics,
    access: config.metrics,
  })
  const gate = new Gate({
    schema,
    app,
    logger,
    metrics,
    introspection: config.introspection,
    allowed,
    isPosition: (text) => store.isPosition(text),
    reaches: async (position) => position <= follower.handled || position <= (await store.end()),
    hearing: () => follower.hearing,
  })
  const http = new HttpServer({ gate, health, logger, config: httpConfig(config), routes: [claimPage] })

  // Whoever must know first hears first: the end of a session before any event that stands after it.
  follower.add(watch)
  follower.add(live)
  follower.add(online)
  follower.add(presenceFeeds)
  follower.add(serverFeeds)
  follower.add(typing)
  follower.add(projecting)
  follower.add(forgetting)
  follower.add(invited)
  follower.onHearing((hearing) => {
    if (hearing) return logger.info('The log is heard again.')
    logger.error('Nothing is heard from the log. Feeds are closed until it is back.')
    http.closeFeeds()
  })

  await commands.open()
  closing.defer(() => commands.close())
  await projecting.open()
  closing.defer(() => projecting.close())
  await forgetting.open()
  closing.defer(() => forgetting.close())
  await invited.open()
  closing.defer(() => invited.close())
  follower.start()
  closing.defer(() => follower.close())
  await projecting.catchUp()
  await Promise.all([presence.open(), makeRooms(config, app.commands.rooms, logger)])
  closing.defer(() => presence.close())
  closing.defer(() => typing.close())
  const control = await ControlServer.listen(config.data, async () => {
    // Seldom called, and a good part of all modules: a start does not wait for them.
    const { methodsOf } = await import('./methods.ts')
    return methodsOf({ store, documents, projecting, commands, forgetting, batch: liveBatch })
  })
  closing.defer(() => control.close())
  const address = await http.listen(config.host, config.port)
  closing.defer(() => http.close())
  const token = await app.commands.ownership.offer()
  return running(address, closing, logger, token === undefined ? undefined : { token, publicUrl: config.publicUrl })
}

function running(
  address: AddressInfo,
  closing: AsyncDisposableStack,
  logger: Logger,
  claim: { readonly token: string; readonly publicUrl: string | undefined } | undefined,
): RunningServer {
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host
  const url = `http://${reachable}:${address.port}`
  const closed = Promise.withResolvers<void>()
  let asked = false
  return {
    url,
    graphql: `${url}/graphql`,
    ws: `ws://${reachable}:${address.port}/graphql`,
    addresses: [url],
    claimUrl: claim && new URL(`/claim#token=${claim.token}`, claim.publicUrl ?? url).href,
    closed: closed.promise,
    close: async (reason) => {
      if (!asked) {
        asked = true
        logger.info({ reason }, 'Stopping.')
        closing.disposeAsync().then(closed.resolve, closed.reject)
      }
      await closed.promise
    },
  }
}

/** The rooms that everyone may join, where their slugs have never been claimed. */
async function makeRooms({ rooms }: Config, commands: RoomCommands, logger: Logger): Promise<void> {
  for (const name of rooms) {
    const made = await commands.createByServer(name, { correlationId: newUuid() })
    if (made?.kind === 'refused') logger.warn(`The room "${name}" of PARLEY_ROOMS was not made: ${made.detail}`)
    else if (made) logger.info({ roomId: made.roomId }, 'A room of PARLEY_ROOMS was made.')
  }
}

const httpConfig = ({ origins, publicUrl, trustProxy, graphiql }: Config) => ({
  origins,
  publicUrl,
  trustProxy,
  graphiql,
})

function dependencies({
  engines,
  projecting,
  follower,
  bus,
  config,
}: {
  readonly engines: Engines
  readonly projecting: Projecting
  readonly follower: LogFollower
  readonly bus: Bus
  readonly config: Pick<Config, 'bus'>
}): readonly Dependency[] {
  const log = engines.store.health()
  const models = projecting.health()
  const followed = `They follow the log.${engines.sharedAs !== undefined && projecting.leading ? ' This node folds.' : ''}`
  const between = bus.health()
  const dependencies: readonly Dependency[] = [
    { name: 'log', ready: log.ready, detail: log.ready ? 'It takes appends.' : log.reason },
    { name: 'read models', ready: models.ready, detail: models.ready ? followed : models.reason },
    {
      name: 'subscription',
      ready: follower.hearing,
      detail: follower.hearing
        ? 'The log is heard.'
        : 'Nothing has been heard from the log for 5 s. Feeds are closed until it is back.',
    },
  ]
  if (config.bus === 'local') return dependencies
  const detail = between.ready ? 'It carries typing between the nodes.' : between.reason
  return [...dependencies, { name: 'bus', ready: between.ready, spared: true, detail }]
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
