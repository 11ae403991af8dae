// The thread that writes the keys: what waited together is one transaction and one fsync.

import { parentPort, workerData } from 'node:worker_threads'
import { type KnownKey, keyBytes, type NewKey } from './port.ts'
import { bytesOfId, openFile } from './sqliteFile.ts'

export type Task =
  | { readonly kind: 'add'; readonly keys: readonly NewKey[] }
  | { readonly kind: 'remove'; readonly ids: readonly string[] }

export type ToKeysWriter = { readonly kind: 'tasks'; readonly tasks: readonly Task[] } | { readonly kind: 'close' }

export type FromKeysWriter =
  | { readonly kind: 'ready' }
  /** For each task what was known before; empty for those that remove. */
  | { readonly kind: 'done'; readonly known: readonly ReadonlyMap<string, KnownKey>[] }
  /** `lasting`: nothing is written any more, for after one failed fsync the next would seem to succeed. */
  | { readonly kind: 'failed'; readonly reason: string; readonly lasting: boolean }

/** Batches between two looks at the WAL, which is then moved into the file. */
const batchesBetweenCheckpoints = 256
/** How long a removal waits for readers to get out of the way, in ms. */
const patience = 5_000
const busy = 5

if (parentPort === null) throw new Error('sqliteWriter.ts is a worker thread.')
const port = parentPort
const { folder } = workerData as { readonly folder: string } // made by sqlite.ts
const database = openFile(folder)
// Checkpoints are run below: those that a commit runs hide their errors.
database.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY')
const keyOf = database.prepare('SELECT k.key FROM ids i JOIN keys k ON k.slot = i.slot WHERE i.id = ?')
const addKey = database.prepare('INSERT INTO keys (key) VALUES (?)')
const addId = database.prepare('INSERT INTO ids VALUES (?, ?)')
const overwrite = database.prepare(
  `UPDATE keys SET key = zeroblob(${keyBytes}) WHERE slot = (SELECT slot FROM ids WHERE id = ?)`,
)
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')
const truncate = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
const pause = new Int32Array(new SharedArrayBuffer(4))
let batches = 0
let latched: string | undefined

const say = (message: FromKeysWriter): void => port.postMessage(message)

function write(tasks: readonly Task[]): void {
  if (latched !== undefined) {
    say({ kind: 'failed', reason: latched, lasting: true })
    return
  }
  try {
    database.exec('BEGIN IMMEDIATE')
    const known = tasks.map((task) => (task.kind === 'add' ? add(task.keys) : remove(task.ids)))
    database.exec('COMMIT')
    if (tasks.some(({ kind }) => kind === 'remove')) emptyWal()
    batches += 1
    if (batches % batchesBetweenCheckpoints === 0) checkpoint.get()
    say({ kind: 'done', known })
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    fail(error)
  }
}

function add(keys: readonly NewKey[]): ReadonlyMap<string, KnownKey> {
  const known = new Map<string, KnownKey>()
  for (const { id, key } of keys) {
    const bytes = bytesOfId(id)
    const there = keyOf.get(bytes)?.key
    if (there instanceof Uint8Array) known.set(id, there.some((byte) => byte !== 0) ? there : 'removed')
    else addId.run(bytes, addKey.run(key).lastInsertRowid)
  }
  return known
}

function remove(ids: readonly string[]): ReadonlyMap<string, KnownKey> {
  for (const id of ids) overwrite.run(bytesOfId(id))
  return new Map()
}

/** Moves the WAL into the file and empties it, so that the old bytes are in neither. */
function emptyWal(): void {
  for (const until = Date.now() + patience; truncate.get()?.busy !== 0; ) {
    if (Date.now() > until) throw new Error('another program keeps reading it')
    Atomics.wait(pause, 0, 0, 5)
  }
}

function fail(error: unknown): void {
  const said = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  const lasting = code !== undefined && code !== busy
  const after = lasting
    ? 'Nothing more is acknowledged until the server has been restarted: check the disk, then restart'
    : 'End the other program; it goes on by itself'
  const reason = `The keys in ${folder} cannot be written (${said}). ${after}.`
  if (lasting) latched = reason
  say({ kind: 'failed', reason, lasting })
}

port.on('message', (message: ToKeysWriter) => {
  if (message.kind === 'tasks') {
    write(message.tasks)
    return
  }
  // Closing the last connection also moves the WAL into the file. After a failure the next start does it.
  if (latched === undefined) database.close()
  port.close()
})

say({ kind: 'ready' })
