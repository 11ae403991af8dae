// What an error of SQLite means for those who use the file.

import type { Outcome } from './message.ts'

const names: Readonly<Record<number, string>> = {
  8: 'it cannot be written',
  10: 'the disk failed',
  11: 'it is damaged',
  14: 'it cannot be opened',
  26: 'it is damaged',
}
const busy = 5
const full = 13

/** The primary result code (https://sqlite.org/rescode.html); undefined where the error is none of SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** Undefined where the file is well and only the request was wrong. */
export function unavailable(
  code: number | undefined,
  detail: string,
): Extract<Outcome, { kind: 'unavailable' }> | undefined {
  if (code === undefined) return undefined
  if (code === full) {
    const reason =
      'The disk is full: the read models (documents.db) cannot be written. Make room; they go on by themselves.'
    return { kind: 'unavailable', reason, lasting: false }
  }
  if (code === busy) {
    const reason = 'The read models (documents.db) are locked by another program. End it; they go on by themselves.'
    return { kind: 'unavailable', reason, lasting: false }
  }
  const name = names[code]
  if (name === undefined) return undefined
  const reason =
    `The read models (documents.db) cannot be used: ${name} (${detail}). Mend the disk and start again; ` +
    'if the file is damaged, delete it with the -wal and -shm files beside it: it will be rebuilt from the log.'
  return { kind: 'unavailable', reason, lasting: true }
}

export function outcomeOf(error: unknown): Outcome {
  const detail = error instanceof Error ? error.message : String(error)
  return unavailable(sqliteCode(error), detail) ?? { kind: 'refused', reason: detail }
}
