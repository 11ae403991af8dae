// The thread that writes. Each batch of appends is one transaction and one fsync.

import { availableParallelism } from 'node:os'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Appending, BatchFailed } from './appending.ts'
import { codeOf, messageOf, sqliteCode, writeFailure } from './failure.ts'
import { Forgetting } from './forgetting.ts'
import type { AppendBatch, FromWriter, ToWriter, WorkerSettings } from './protocol.ts'
import { connectWriter } from './schema.ts'

/** Pages of the WAL (4 KiB each) that are moved into the file at once. */
const pagesBetweenCheckpoints = 2_000

/** Batches after which the size of the WAL is looked at: looking costs 10 µs. */
const batchesBetweenLooks = 16

/**
 * Waking this thread takes 50 µs and more, a third of a small commit. So where the next message comes this soon after the work on
 * the one before, as from somebody who appends again and again, it stays awake for that long, in ms. With one core that would only
 * keep the others from theirs.
 */
const soon = availableParallelism() > 1 ? 0.25 : 0
/** Then everything else has its turn. */
const longestAwake = 5

/** How long a forgetting waits for readers to get out of the way, in ms. */
const forgettingPatience = 30_000

if (parentPort === null) throw new Error('writer.ts is a worker thread.')
const port = parentPort
const settings = workerData as WorkerSettings // made by writing.ts
const { folder } = settings
const database = connectWriter(settings)
const appending = new Appending(database)
const forgetting = new Forgetting(database)
const walSize = database.prepare('PRAGMA wal_checkpoint(NOOP)')
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')

/** Batches since the size of the WAL was looked at. */
let sinceLook = 0
/** Set once a write has failed: after a failed fsync the next commits would seem to succeed. */
let latched: string | undefined
/** What became of the batch whose parts are coming in, where that is clear already. */
let failure: FromWriter | undefined
/** Forgettings whose bytes are still in the WAL. */
let untruncated: { readonly call: number; readonly until: number }[] = []
let retry: NodeJS.Timeout | undefined
let closed = false
/** Of the work on the last message, in ms. */
let endedAt = Number.NEGATIVE_INFINITY

const say = (message: FromWriter): void => port.postMessage(message)

/** The first part begins the transaction, the last one ends it; one answer for all. */
function append(part: AppendBatch, last: boolean): void {
  if (latched !== undefined) failure ??= { kind: 'failed', reason: latched, written: 'no', latched: true }
  let outcomes: readonly number[] = []
  try {
    if (failure === undefined) appending.add(part)
    if (failure === undefined && last) outcomes = appending.commit()
  } catch (error) {
    failure = failureOf(error)
  }
  if (!last) return
  say(failure ?? { kind: 'appended', outcomes })
  if (failure === undefined) keepWalShort()
  failure = undefined
}

function failureOf(error: unknown): FromWriter {
  const cause = error instanceof BatchFailed ? error.cause : error
  if (error instanceof BatchFailed && error.at === 'begin' && codeOf(cause) === sqliteCode.busy) {
    const reason = `Another program is writing to the log in ${folder}. Stop that one, then try again.`
    return { kind: 'failed', reason, written: 'no', latched: false }
  }
  latched = writeFailure(cause, folder)
  // A full disk is found before the record that commits is written; so is whatever fails before the commit.
  const certain = codeOf(cause) === sqliteCode.full || (error instanceof BatchFailed && error.at !== 'commit')
  return { kind: 'failed', reason: latched, written: certain ? 'no' : 'unknown', latched: true }
}

function keepWalShort(): void {
  sinceLook += 1
  if (sinceLook < batchesBetweenLooks) return
  sinceLook = 0
  try {
    const size = walSize.get()
    if (Number(size?.log) - Number(size?.checkpointed) > pagesBetweenCheckpoints) checkpoint.get()
  } catch (error) {
    latch(error)
  }
}

function latch(error: unknown): string {
  latched ??= writeFailure(error, folder)
  say({ kind: 'latched', reason: latched })
  return latched
}

function forget(call: number, ids: readonly string[]): void {
  if (latched !== undefined) {
    say({ kind: 'forgotten', call, reason: latched })
    return
  }
  try {
    forgetting.overwrite(ids)
  } catch (error) {
    const busy = codeOf(error) === sqliteCode.busy
    const reason = busy ? `Another program is writing to the log in ${folder}: ${messageOf(error)}.` : latch(error)
    say({ kind: 'forgotten', call, reason })
    return
  }
  untruncated.push({ call, until: Date.now() + forgettingPatience })
  if (retry === undefined) truncate(2)
}

/** Tries until it succeeds, with longer and longer pauses (ms) in which appends go on. */
function truncate(pause: number): void {
  retry = undefined
  if (appending.open) {
    retry = setTimeout(truncate, 1, pause)
    return
  }
  try {
    if (latched === undefined && forgetting.truncate()) {
      for (const { call } of untruncated) say({ kind: 'forgotten', call })
      untruncated = []
      return
    }
  } catch (error) {
    latch(error)
  }
  const now = Date.now()
  const reason =
    latched ?? `Another program keeps reading the log in ${folder}, so its old bytes cannot be removed. Stop that one.`
  untruncated = untruncated.filter(({ call, until }) => {
    const waits = latched === undefined && now < until
    if (!waits) say({ kind: 'forgotten', call, reason })
    return waits
  })
  if (untruncated.length > 0) retry = setTimeout(truncate, pause, Math.min(pause * 2, 200))
}

function close(): void {
  clearTimeout(retry)
  for (const { call } of untruncated) {
    let reason: string | undefined
    try {
      if (!forgetting.truncate())
        reason = 'The log was closed before the old bytes could be removed. Forget them again.'
    } catch (error) {
      reason = latch(error)
    }
    say(reason === undefined ? { kind: 'forgotten', call } : { kind: 'forgotten', call, reason })
  }
  // Closing the last connection also moves the WAL into the file. After a failure the next start does it.
  if (latched === undefined) database.close()
  say({ kind: 'closed' })
  port.close()
  closed = true
}

function handle(message: ToWriter): void {
  switch (message.kind) {
    case 'append':
      append(message.part, message.last)
      return
    case 'forget':
      forget(message.call, message.ids)
      return
    case 'close':
      close()
      return
    default:
      message satisfies never
  }
}

/** Stays awake for what comes soon. */
function stayAwake(): void {
  const until = endedAt + longestAwake
  while (!closed && endedAt < until && retry === undefined && performance.now() - endedAt < soon) {
    const next = receiveMessageOnPort(port)
    if (next === undefined) continue
    handle(next.message)
    endedAt = performance.now()
  }
}

port.on('message', (message: ToWriter) => {
  const cameSoon = performance.now() - endedAt < soon
  handle(message)
  endedAt = performance.now()
  if (cameSoon) stayAwake()
})

say({ kind: 'ready' })
