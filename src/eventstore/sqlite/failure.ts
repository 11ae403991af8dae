// What SQLite's errors mean to a person.

/** SQLite's primary result codes that are treated apart, see https://sqlite.org/rescode.html */
export const sqliteCode = {
  busy: 5,
  readonly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
}

/** The primary result code of an error thrown by node:sqlite; undefined for any other error. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether what lies on the disk is no longer what was written. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error)
  return code === sqliteCode.corrupt || code === sqliteCode.notADatabase
}

/** A sentence for a read that failed: what happened, and what to do. */
export const readFailure = (error: unknown, folder: string): string =>
  isDamage(error)
    ? `The log in ${folder} is damaged (${messageOf(error)}). Nothing more is acknowledged: restore a backup, then restart.`
    : `The log in ${folder} cannot be read (${messageOf(error)}).`

/** A sentence for a write that failed: what happened, what it means, what to do. */
export function writeFailure(error: unknown, folder: string): string {
  const after = 'Nothing more is acknowledged until the server has been restarted'
  switch (codeOf(error)) {
    case sqliteCode.full:
      return `The disk that holds ${folder} is full. ${after}: free some space, then restart.`
    case sqliteCode.corrupt:
    case sqliteCode.notADatabase:
      return `The log in ${folder} is damaged (${messageOf(error)}). ${after}: restore a backup, then restart.`
    default:
      return `Writing the log in ${folder} failed (${messageOf(error)}). ${after}: check the disk, then restart.`
  }
}
