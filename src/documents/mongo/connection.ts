// The connection to MongoDB: how long an operation may take, and whether the server answers.

import { type Db, MongoClient, type MongoClientOptions, type TopologyDescription } from 'mongodb'
import { DocumentsUnavailable } from '../port.ts'
import { meaningOf, messageOf } from './failure.ts'

/**
 * An operation that has not been answered by then has failed, in ms. Nobody waits in front of a screen for a bulk. After a failure,
 * and until something succeeds, a read has less time: a question takes several, and is to be answered within 5 s.
 */
const patience = { read: 4_000, doubtful: 1_000, bulk: 20_000 } as const
/** How long an operation waits for a server that was there a moment ago: about as long as an election takes. In ms. */
const selection = 3_500

/** With `majority` and `j`, what was acknowledged is on the disks of most members, and no election takes it back. */
export const durable = { writeConcern: { w: 'majority', journal: true } } as const

const options = {
  appName: 'parley',
  serverSelectionTimeoutMS: selection,
  waitQueueTimeoutMS: selection,
  connectTimeoutMS: 3_000,
  heartbeatFrequencyMS: 2_000,
  // A connection whose other end has gone without a word.
  socketTimeoutMS: 30_000,
  maxPoolSize: 30,
  readPreference: 'primary',
  // As JSON does it.
  ignoreUndefined: true,
  // What is stored was made here, of strings that are valid.
  enableUtf8Validation: false,
} as const satisfies MongoClientOptions

export class MongoConnection {
  readonly #url: string
  readonly #client: MongoClient
  readonly #name: string
  /** While no server that takes writes is known. */
  #away: { readonly since: number; readonly reason: string } | undefined
  /** What the last operation failed of: that the server has gone is often noticed there first. */
  #failing: string | undefined
  #closed = false

  /**
   * @param database the one that is used where the address names none
   * @throws {MongoParseError} and its like: the address cannot be understood
   */
  constructor(url: string, database: (named: string | undefined) => string) {
    this.#url = url
    this.#client = new MongoClient(url, options)
    // An address without one leads to `test`, which the driver does not tell from an address with /test.
    this.#name = database(/^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1])
    this.#client.on('topologyDescriptionChanged', ({ newDescription }) => this.#look(newDescription))
  }

  /** Host and port of each address, without the password. */
  get hosts(): string {
    const { hosts, srvHost } = this.#client.options
    return srvHost ?? hosts.map(String).join(', ')
  }

  get database(): Db {
    return this.#client.db(this.#name)
  }

  /** A sentence that says what to do; undefined while MongoDB answers. */
  get trouble(): string | undefined {
    return this.#closed ? closed : (this.#away?.reason ?? this.#failing)
  }

  /** @throws what the driver throws where it cannot */
  async connect(): Promise<void> {
    await this.#client.connect()
  }

  /** One answer to one question. @throws {DocumentsUnavailable} within 5 s @throws {QueryTooSlow} */
  read<T>(work: (database: Db) => Promise<T>): Promise<T> {
    return this.#within(this.#failing === undefined ? patience.read : patience.doubtful, work)
  }

  /** A write, or a page of a scan. @throws {DocumentsUnavailable} it may or may not have happened */
  bulk<T>(work: (database: Db) => Promise<T>): Promise<T> {
    return this.#within(patience.bulk, work)
  }

  /** Takes as long as it takes. @throws {DocumentsUnavailable} */
  async slowly(work: (database: Db) => Promise<void>): Promise<void> {
    this.#refuseWhileAway()
    const client = new MongoClient(this.#url, { ...options, socketTimeoutMS: 0, maxPoolSize: 1 })
    try {
      await work(client.db(this.#name))
    } catch (error) {
      throw meaningOf(error, this.hosts)
    } finally {
      await client.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client.close()
  }

  async #within<T>(ms: number, work: (database: Db) => Promise<T>): Promise<T> {
    this.#refuseWhileAway()
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new DocumentsUnavailable(noAnswer(this.hosts, ms))), ms)
    try {
      const answer = await Promise.race([work(this.database), late])
      this.#failing = undefined
      return answer
    } catch (error) {
      const meaning = meaningOf(error, this.hosts)
      if (meaning instanceof DocumentsUnavailable) this.#failing = meaning.message
      throw meaning
    } finally {
      clearTimeout(timer)
    }
  }

  /** While it has been away for long, nobody waits for it: so what waits stays little. */
  #refuseWhileAway(): void {
    if (this.#closed) throw new DocumentsUnavailable(closed)
    if (this.#away !== undefined && performance.now() - this.#away.since > selection)
      throw new DocumentsUnavailable(this.#away.reason)
  }

  #look(topology: TopologyDescription): void {
    const servers = [...topology.servers.values()]
    if (servers.some((server) => server.isWritable)) {
      this.#away = undefined
      return
    }
    const cause = servers.map(({ error }) => error).find((error) => error !== null)
    const reason = cause
      ? `MongoDB (${this.hosts}) cannot be reached: ${messageOf(cause)}. Start it, or mend the way to it; it goes on by itself.`
      : `MongoDB (${this.hosts}) has no primary now. Where it does not elect one by itself, look at rs.status(); it goes on by itself.`
    this.#away = { since: this.#away?.since ?? performance.now(), reason }
  }
}

const closed = 'The connection to MongoDB has been closed.'

const noAnswer = (hosts: string, ms: number): string =>
  `MongoDB (${hosts}) has not answered for ${ms / 1000} s. See whether it runs and has enough memory; it goes on by itself.`
