// What the peers of `send` store: one INSERT a message, in a transaction of its own, as durable as Parley's.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface Store {
  /** Durable when it returns. @returns its number */
  insert(room: string, text: string): number
}

export function openStore(): Store {
  const folder = process.env.PEER_DATA
  if (folder === undefined) throw new Error('PEER_DATA names the folder to store in.')
  const database = new DatabaseSync(join(folder, 'peer.db'))
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, room TEXT, text TEXT, sentAt TEXT)`)
  const insert = database.prepare('INSERT INTO messages (room, text, sentAt) VALUES (?, ?, ?)')
  return {
    insert: (room, text) => Number(insert.run(room, text, new Date().toISOString()).lastInsertRowid),
  }
}
