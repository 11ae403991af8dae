// Opens the connection, and finds at the start what would go wrong later.

import type { Db } from 'mongodb'
import { CannotOpen } from '../../eventstore/port.ts'
import { durable, MongoConnection } from './connection.ts'
import { codes, hasCode, messageOf } from './failure.ts'

/** What a database holds: read models, which can be made again, or something that cannot. */
export interface Purpose {
  /** Stored in the database. */
  readonly holds: 'documents' | 'keys'
  /** The setting that has the address. */
  readonly setting: string
  /** As in "the read models". */
  readonly called: string
  /** @param named in the address */
  readonly database: (named: string | undefined) => string
}

interface Meta {
  readonly _id: 'parley'
  readonly application: 'parley'
  readonly holds: Purpose['holds']
  readonly version: number
}

const metaCollection = 'parley.meta'
const version = 1
const example = 'mongodb://HOST:27017/parley?replicaSet=rs0'

/** @throws {CannotOpen} the message says what to do */
export async function startConnection(url: string, purpose: Purpose): Promise<MongoConnection> {
  const connection = understand(url, purpose)
  try {
    await connection.connect()
    await refuseAlone(connection)
    await knowDatabase(connection.database, connection.hosts, purpose)
    return connection
  } catch (error) {
    await connection.close()
    if (error instanceof CannotOpen) throw error
    throw new CannotOpen(sentenceFor(error, connection.hosts, purpose), { cause: error })
  }
}

function understand(url: string, { setting, database }: Purpose): MongoConnection {
  try {
    return new MongoConnection(url, database)
  } catch (error) {
    // The driver's sentence may repeat the address, and there may be a password in it.
    const cause = messageOf(error).replaceAll(url, 'the address')
    throw new CannotOpen(`${setting} is no address of a MongoDB (${cause}). Write it as ${example}.`)
  }
}

/** Only the members of a replica set can promise that what was acknowledged stays; a router stands in front of several. */
async function refuseAlone({ database, hosts }: MongoConnection): Promise<void> {
  const hello = await database.admin().command({ hello: 1 })
  if (typeof hello.setName === 'string' || hello.msg === 'isdbgrid') return
  throw new CannotOpen(
    `The MongoDB at ${hosts} is no replica set. Start it with --replSet rs0, then run rs.initiate() in mongosh once; ` +
      'one member is enough.',
  )
}

async function knowDatabase(database: Db, hosts: string, { holds, called, setting }: Purpose): Promise<void> {
  const where = `The database ${database.databaseName} of the MongoDB at ${hosts}`
  const other = `Name another one at the end of ${setting}: ${example.replace('/parley', '/ANOTHER')}.`
  const meta = (await database.collection<Meta>(metaCollection).findOne({ _id: 'parley' })) ?? undefined
  if (meta === undefined) {
    const [found] = await database.listCollections({}, { nameOnly: true }).toArray()
    if (found !== undefined && found.name !== metaCollection)
      throw new CannotOpen(`${where} holds data of another application (${found.name}). ${other}`)
    await claim(database, holds)
    return
  }
  if (meta.application !== 'parley' || meta.holds !== holds)
    throw new CannotOpen(`${where} does not hold ${called}, but ${meta.holds ?? 'something else'}. ${other}`)
  if (meta.version > version)
    throw new CannotOpen(`${where} was written by a newer version of Parley. Start that version. ${other}`)
}

async function claim(database: Db, holds: Purpose['holds']): Promise<void> {
  try {
    const meta: Meta = { _id: 'parley', application: 'parley', holds, version }
    await database.collection<Meta>(metaCollection).insertOne(meta, durable)
  } catch (error) {
    // Another node has just done so.
    if (!hasCode(error, codes.duplicateKey)) throw error
  }
}

function sentenceFor(error: unknown, hosts: string, { called, setting }: Purpose): string {
  const cause = messageOf(error)
  if (hasCode(error, codes.authenticationFailed))
    return `The MongoDB at ${hosts} refuses the user name or the password. Mend them in ${setting}.`
  if (hasCode(error, codes.unauthorized))
    return `The MongoDB at ${hosts} does not let this account keep ${called} (${cause}). Give it the role readWrite there.`
  if (/certificate|self.signed|SSL|TLS/i.test(cause))
    return (
      `The MongoDB at ${hosts} cannot be reached by TLS (${cause}). If its authority is your own, add tlsCAFile=FILE ` +
      `to the address in ${setting}.`
    )
  return `The MongoDB at ${hosts} cannot be reached (${cause}). Start it, or mend the address in ${setting}.`
}
