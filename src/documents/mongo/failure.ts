// What an error of the driver means for those who use the documents.

import { MongoBulkWriteError, MongoError, MongoServerError, MongoWriteConcernError } from 'mongodb'
import { DocumentsUnavailable, QueryTooSlow } from '../port.ts'

// https://www.mongodb.com/docs/manual/reference/error-codes/
export const codes = {
  unauthorized: 13,
  authenticationFailed: 18,
  namespaceNotFound: 26,
  maxTimeExpired: 50,
  namespaceExists: 48,
  duplicateKey: 11_000,
  outOfDiskSpace: 14_031,
} as const

/** The request itself is wrong, and would be the next time. */
const wrongRequest = new Set([
  2, // BadValue
  9, // FailedToParse
  14, // TypeMismatch
  40, // ConflictingUpdateOperators
  52, // DollarPrefixedFieldName
  56, // EmptyFieldName
  57, // DottedFieldName
  59, // CommandNotFound
  67, // CannotCreateIndex
  73, // InvalidNamespace
  85, // IndexOptionsConflict
  86, // IndexKeySpecsConflict
  10_334, // BSONObjectTooLarge
  17_419, // a document would grow beyond 16 MB
  17_420, // the same
])

/** What the caller is told. */
export function meaningOf(error: unknown, hosts: string): unknown {
  if (isOfSocket(error)) return unavailable(undefined, hosts, error)
  if (!(error instanceof MongoError)) return error
  const code = codeOf(error)
  if (code === codes.maxTimeExpired)
    return new QueryTooSlow('The query took too long and was stopped. Ask for less, or make an index for it.', {
      cause: error,
    })
  if (code !== undefined && wrongRequest.has(code) && !(error instanceof MongoWriteConcernError)) return error
  // What is too large for a message is found by the driver before anything is sent.
  if (error.name === 'MongoInvalidArgumentError') return error
  return unavailable(code, hosts, error)
}

const unavailable = (code: number | undefined, hosts: string, cause: unknown): DocumentsUnavailable =>
  new DocumentsUnavailable(`${sentence(code, hosts)} (${messageOf(cause)})`, { cause })

/** The driver hands on some errors of its sockets as they are: `This socket has been ended by the other party`. */
const isOfSocket = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof MongoError || error instanceof TypeError || error instanceof RangeError) &&
  'code' in error &&
  typeof error.code === 'string'

function sentence(code: number | undefined, hosts: string): string {
  switch (code) {
    case codes.outOfDiskSpace:
      return `The disk of MongoDB (${hosts}) is full. Make room; it goes on by itself.`
    case codes.unauthorized:
    case codes.authenticationFailed:
      return `MongoDB (${hosts}) does not let this account do that. Give it the role readWrite; it goes on by itself.`
    default:
      return `MongoDB (${hosts}) cannot be used now. Start it, or mend the way to it; it goes on by itself.`
  }
}

/** Of a bulk, the first code that is no duplicate key. */
function codeOf(error: MongoError): number | undefined {
  if (error instanceof MongoBulkWriteError) {
    const failed = writeErrorsOf(error).find(({ code }) => code !== codes.duplicateKey)
    return failed?.code
  }
  return error instanceof MongoServerError && typeof error.code === 'number' ? error.code : undefined
}

/** One or many: the driver gives either. */
const writeErrorsOf = (error: MongoBulkWriteError): readonly { readonly code: number; readonly index: number }[] =>
  [error.writeErrors].flat()

/** Which operations of a bulk found their id taken; undefined where anything else has failed. */
export function duplicatesIn(error: unknown): ReadonlySet<number> | undefined {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) return undefined
  const errors = writeErrorsOf(error)
  if (errors.length === 0 || errors.some(({ code }) => code !== codes.duplicateKey)) return undefined
  return new Set(errors.map(({ index }) => index))
}

export const hasCode = (error: unknown, code: number): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
