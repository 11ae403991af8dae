// The one place where requests are checked, for all transports: who it is, whether the document is allowed, what the reads must
// see. It also executes what it has admitted, so that every transport shows the same.

import {
  createSourceEventStream,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
} from 'graphql'
import { type App, type Caller, createContext } from '../../schema/context.ts'
import type { Identity } from '../accounts/sessions.ts'
import { inTime } from '../commands/inTime.ts'
import { newUuid } from '../commands/occasion.ts'
import type { Position } from '../eventstore/port.ts'
import { Turns } from '../live/turns.ts'
import { recentlyUsed } from '../recentlyUsed.ts'
import { AccountConnections } from './accountConnections.ts'
import type { AllowedDocuments } from './allowedDocuments.ts'
import { continuedFrom } from './continuedFrom.ts'
import { tooCostly } from './documentCost.ts'
import { Documents } from './documents.ts'
import { FrameMaker } from './frameMaker.ts'
import { FrameStream } from './frameStream.ts'
import type { Admitted, GateRequest, Transport } from './gateRequest.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { type Operation, readOperation } from './operation.ts'
import { type Refused, refused, sessionEnded } from './refusal.ts'
import type { RequestLogger } from './requestLogger.ts'
import { watchSession } from './sessionEnd.ts'
import { TimerWheel } from './timerWheel.ts'
import { shown, shownError } from './unexpectedErrors.ts'

export interface OperationMetrics {
  /** Called once for each operation that was refused or carried out; for a subscription when it has begun. */
  operation(kind: Admitted['operation'] | 'unknown', transport: Transport, outcome: 'ok' | 'error' | 'refused'): void
}

interface GateOptions {
  readonly schema: GraphQLSchema
  readonly app: App
  readonly logger: RequestLogger
  readonly limits?: Limits
  readonly metrics?: OperationMetrics
  readonly wheel?: TimerWheel
  /** Whether clients may ask for the schema. */
  readonly introspection?: boolean
  /** The only documents that are carried out; all that keep to the limits where there is no list. */
  readonly allowed?: AllowedDocuments | undefined
  /** Whether a text is a position of this server's log. */
  readonly isPosition: (text: string) => boolean
  /** Whether the log holds as much as this. */
  readonly reaches: (position: Position) => boolean | Promise<boolean>
  /** False while the node hears nothing from the log: then no feed is opened. */
  readonly hearing?: () => boolean
}

/** Steps of clients that come in one turn of the event loop; each takes some 0.2 ms. */
const arrivalsATurn = 8
/** Sessions whose last write is remembered, so that their own reads see it. */
const rememberedWriters = 50_000

export class Gate {
  readonly limits: Limits
  readonly wheel: TimerWheel
  /** The open sockets and event streams of each account. */
  readonly accounts: AccountConnections
  /** For each step in which a client comes: when thousands come at once, what is live goes on between them. */
  readonly arrivals = new Turns(arrivalsATurn)
  readonly #options: GateOptions
  readonly #documents: Documents
  readonly #frames: FrameMaker
  readonly #lastWrites = recentlyUsed<string, Position>(rememberedWriters)

  constructor(options: GateOptions) {
    const { schema, limits = defaultLimits, wheel = new TimerWheel(), introspection = true, allowed } = options
    this.limits = limits
    this.wheel = wheel
    this.accounts = new AccountConnections(limits)
    this.#options = options
    this.#documents = new Documents({ schema, limits, introspection, allowed })
    this.#frames = new FrameMaker({
      ...{ schema, app: options.app, execute: (args) => this.#execute(args) },
      failureOf: (thrown, correlationId) => shownError(thrown, { logger: options.logger, correlationId }),
    })
  }

  /** Whether clients may send the id of a document instead of it. */
  get listsDocuments(): boolean {
    return this.#options.allowed !== undefined
  }

  /** Who sends `Authorization: Bearer …`; nobody without it. */
  async identify(authorization: string | undefined): Promise<{ readonly identity?: Identity } | Refused> {
    if (authorization === undefined || authorization.trim() === '') return {}
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? []
    if (token === undefined)
      return refused(
        'UNAUTHENTICATED',
        'The authorization must read "Bearer ", then the token of register, login or createGuest.',
      )
    try {
      const identity = await this.#options.app.sessions.identify(token)
      if (identity) return { identity }
    } catch (error) {
      return { ...this.#broken(error), status: 503, closeCode: 1013 }
    }
    return refused(
      'UNAUTHENTICATED',
      'The token is not valid: it is mistyped, or its session has ended. Sign in again with login or createGuest.',
    )
  }

  /** Everything that is checked before an operation is carried out. Never rejects. */
  async admit(request: GateRequest): Promise<Admitted | Refused> {
    const answer = await this.#admit(request).catch((error) => this.#broken(error))
    if (answer.kind === 'refused') this.#options.metrics?.operation('unknown', request.transport, 'refused')
    return answer
  }

  async #admit({
    transport,
    connection,
    operation: sent,
    authorization,
    atLeast,
  }: GateRequest): Promise<Admitted | Refused> {
    const askedAt = performance.now()
    const operation = readOperation(sent)
    if (typeof operation === 'string') return refused('BAD_INPUT', operation)
    const own = authorization ?? operation.authorization
    const who = await this.identify(own)
    if ('kind' in who) return who
    const ownIdentity = who.identity !== undefined
    const identity = who.identity ?? connection.identity
    if (identity) this.#options.app.presence.active(identity, connection.id)
    const { query, documentId = '' } = operation
    const judged = query === undefined ? this.#documents.judgeById(documentId) : this.#documents.judge(query)
    if ('errors' in judged) return { kind: 'refused', status: 400, errors: judged.errors }
    const definition = getOperationAST(judged.document, operation.operationName)
    if (!definition)
      return refused(
        'BAD_INPUT',
        'The document holds no operation of that name, or several: "operationName" must name one.',
      )
    const costly = tooCostly({
      paged: this.#documents.paged,
      document: judged.document,
      operation: definition,
      variables: operation.variables,
      limit: this.limits.operationObjects,
    })
    if (costly) return { kind: 'refused', status: 400, errors: [costly] }
    if (definition.operation === 'subscription' && this.#options.hearing?.() === false)
      return refused('UNAVAILABLE', 'The server hears nothing from its log at the moment. Come back in a few seconds.')
    const position = this.#atLeast(atLeast ?? operation.atLeast, identity)
    if (typeof position === 'object') return position
    const unreachable = position !== undefined && !(await this.#options.reaches(position))
    const caller: Caller = {
      ...(identity ? { identity } : {}),
      address: connection.address,
      ...(connection.userAgent === undefined ? {} : { userAgent: connection.userAgent }),
      connectionId: connection.id,
      correlationId: newUuid(),
    }
    const args = this.#argsOf(operation, judged.document, this.#contextOf(caller, position, { unreachable }))
    return { kind: 'admitted', transport, operation: definition.operation, askedAt, args, identity, ownIdentity }
  }

  /** Remembers what a session wrote, so that its own later queries on this node see it. */
  noteWrite(session: Identity['id'], position: Position): void {
    const before = this.#lastWrites.get(session)
    if (before === undefined || before < position) this.#lastWrites.set(session, position)
  }

  /** Carries out a query or a mutation. Never rejects. */
  run(admitted: Admitted): Promise<ExecutionResult | Refused> {
    const running = admitted.operation === 'query' ? this.#runInTime(admitted) : this.#run(admitted)
    return running.catch((error) => this.#broken(error, admitted.args.contextValue.caller.correlationId))
  }

  /** A query takes several reads, and each may wait: for the store, or for what the read must see. Commands have time limits of their own. */
  async #runInTime(admitted: Admitted): Promise<ExecutionResult | Refused> {
    const late = new Error('A query took too long.')
    try {
      return await inTime(this.#run(admitted), admitted.askedAt + this.limits.queryMs, () => late)
    } catch (error) {
      if (error !== late) throw error
      return refused('UNAVAILABLE', 'The server cannot read all that was asked for in time. Try again later.')
    }
  }

  async #run(admitted: Admitted): Promise<ExecutionResult | Refused> {
    const { args, identity, operation, transport } = admitted
    let { contextValue } = args
    let result = await this.#execute(args)
    // Content is read first and access last. Where something was read after access to it had been asked for, and that has ended
    // since, all is read again, and is then not there.
    while (operation === 'query' && (await contextValue.loaders.lostMeanwhile())) {
      contextValue = this.#contextOf(contextValue.caller, contextValue.consistency.atLeast)
      result = await this.#execute({ ...args, contextValue })
    }
    const { consistency, began } = contextValue
    if (operation === 'mutation' && consistency.written !== undefined)
      for (const session of [identity?.id, began.session]) if (session) this.noteWrite(session, consistency.written)
    // The content was read first and the session last: what came after its end is not shown.
    if (operation === 'query' && identity && !(await this.#options.app.sessions.stillHolds(identity))) {
      this.#options.metrics?.operation(operation, transport, 'refused')
      return sessionEnded()
    }
    this.#options.metrics?.operation(operation, transport, result.errors ? 'error' : 'ok')
    const behind = consistency.behind
    if (behind === undefined) return result
    return { ...result, extensions: { ...result.extensions, parley: { behind: true, position: behind } } }
  }

  /**
   * Begins a subscription: its frames, or why there are none.
   * @param from the cursor to go on from, whatever the document says
   */
  async subscribe(admitted: Admitted, from?: string): Promise<FrameStream | readonly GraphQLError[]> {
    const { args, identity, ownIdentity, transport } = admitted
    const { caller } = args.contextValue
    const place = identity && ownIdentity ? this.accounts.take(identity) : undefined
    if (place && 'errors' in place) {
      this.#options.metrics?.operation('subscription', transport, 'refused')
      return place.errors
    }
    let frames: FrameStream | undefined
    let over = false
    const end = (): void => {
      over = true
      for (const error of sessionEnded().errors) frames?.fail(error)
    }
    // Watched from before the feed begins, so that an end in between is not missed, and told before the feed's own end.
    const watching = identity && ownIdentity ? this.watch(identity, end) : undefined
    await this.arrivals.take()
    const document = from === undefined ? args.document : continuedFrom(this.#options.schema, args.document, from)
    const begun = await this.#begin({ ...args, document })
    if ('errors' in begun || over) {
      watching?.[Symbol.dispose]()
      place?.[Symbol.dispose]()
      this.#options.metrics?.operation('subscription', transport, 'refused')
      if ('errors' in begun) return begun.errors
      await begun.source.return?.()
      return sessionEnded().errors
    }
    frames = new FrameStream(begun.source, this.#frames.of({ args: lasting(args), caller, identity }))
    if (watching) frames.hold(watching)
    if (place) frames.hold(place)
    // An event stream, or an operation with a token of its own: a device while it lasts.
    const device = identity && ownIdentity ? this.device(identity, caller.connectionId) : undefined
    if (device) frames.hold(device)
    this.#options.metrics?.operation('subscription', transport, 'ok')
    return frames
  }

  /** Calls back once when the session ends, by an event or by its time. Dispose to stop watching. */
  watch(identity: Identity, onEnd: () => void): Disposable {
    return watchSession({ app: this.#options.app, wheel: this.wheel, identity, onEnd })
  }

  /** A connection of this person is open: one of their devices. Dispose of it when it closes. */
  device(identity: Identity, connectionId: string): Disposable {
    return this.#options.app.presence.connected(identity, connectionId)
  }

  #broken(error: unknown, correlationId = newUuid()): Refused {
    return {
      kind: 'refused',
      status: 500,
      errors: [shownError(error, { logger: this.#options.logger, correlationId })],
    }
  }

  #argsOf(
    operation: Operation,
    document: Admitted['args']['document'],
    contextValue: Admitted['args']['contextValue'],
  ) {
    return {
      schema: this.#options.schema,
      document,
      operationName: operation.operationName,
      variableValues: operation.variables,
      contextValue,
    }
  }

  #contextOf(
    caller: Caller,
    atLeast: Position | undefined,
    { unreachable = false } = {},
  ): Admitted['args']['contextValue'] {
    return createContext({
      app: this.#options.app,
      caller,
      unreachable,
      ...(atLeast === undefined ? {} : { atLeast }),
    })
  }

  #atLeast(asked: string | undefined, identity: Identity | undefined): Position | undefined | Refused {
    const { isPosition } = this.#options
    if (asked !== undefined && !isPosition(asked))
      return refused('BAD_INPUT', 'Parley-At-Least must be the position that a mutation answered with.')
    // Just proved to be one.
    const position = asked as Position | undefined
    const written = identity && this.#lastWrites.get(identity.id)
    if (position === undefined || (written !== undefined && written > position)) return written
    return position
  }

  async #execute(args: Admitted['args']): Promise<ExecutionResult> {
    const result = await execute(args)
    if (!result.errors) return result
    const { correlationId } = args.contextValue.caller
    return { ...result, errors: shown(result.errors, { logger: this.#options.logger, correlationId }) }
  }

  async #begin(
    args: Admitted['args'],
  ): Promise<{ source: AsyncIterator<unknown> } | { errors: readonly GraphQLError[] }> {
    const occasion = { logger: this.#options.logger, correlationId: args.contextValue.caller.correlationId }
    try {
      const stream = await createSourceEventStream(args)
      if (Symbol.asyncIterator in stream) return { source: stream[Symbol.asyncIterator]() }
      return { errors: shown(stream.errors ?? [], occasion) }
    } catch (error) {
      return { errors: [shownError(error, occasion)] }
    }
  }
}

/** What the frames of a subscription are made with: what its beginning has read goes. */
function lasting({ contextValue: _, ...args }: Admitted['args']): Omit<Admitted['args'], 'contextValue'> {
  return args
}
