// Appending to a stream that keeps only its newest event. The server is told so ($maxCount) before the first event.

import { type Appended, OutcomeUnknown, WrongExpectedRevision } from '../port.ts'
import { type Append, isMet, keysFor, type Parts, within } from './append.ts'
import { sealed } from './encode.ts'
import type { Head } from './heads.ts'

/** Tries, while other nodes append to the same stream. */
const maxTries = 50

/** A repeat is recognised as long as the stream's newest event is the last of these. */
export async function appendNewest(append: Append, { log, keys, heads, sender }: Parts): Promise<Appended> {
  const { stream, events, expected, deadline } = append
  const look = async (): Promise<Head | undefined> => {
    const head = await log.head(stream, deadline - performance.now())
    if (head === undefined) heads.delete(stream)
    else heads.set(stream, head)
    return head
  }
  // The others are superseded at once: their bodies are not even written.
  const last = events.slice(-1).filter(({ body }) => body !== undefined)
  let made: ReadonlyMap<string, Uint8Array> | undefined
  const remembered = heads.get(stream)
  let head = remembered ?? (await look())
  let fresh = remembered === undefined
  for (let tries = 0; ; tries += 1) {
    const first = head === undefined ? 0 : head.revision - events.length + 1
    if (head !== undefined && head.id === events.at(-1)?.event.id) {
      const there = typeof expected === 'number' ? first === expected + 1 : expected !== 'none' || first === 0
      if (!there || first < 0) throw new WrongExpectedRevision(stream, expected, head.revision)
      return { firstRevision: first, revision: head.revision, position: head.position, repeated: true }
    }
    if (!isMet(expected, head?.revision ?? -1)) {
      if (fresh || tries >= maxTries) throw new WrongExpectedRevision(stream, expected, head?.revision)
      head = await look()
      fresh = true
      continue
    }
    if (head === undefined) await sender.keepOnlyNewest(stream, deadline)
    // Once the head is superseded nothing says any more what it has superseded.
    if (head?.superseded !== undefined) await within(log.removeKeys([head.superseded]), deadline)
    // After that: a key that is to go seals nothing.
    made ??= last.length === 0 ? new Map() : (await keysFor(keys, last, deadline)).keys
    const sent = await send(append, sealed(events, made, head?.sealed ? head.id : undefined), head, { sender, heads })
    if (sent !== 'wrong') {
      heads.set(stream, sent)
      // What it said before is not to be read by anyone who digs in the server's log. Where it fails, or this node dies before,
      // whoever follows the log does it, or whoever appends next.
      if (head?.sealed) removeSuperseded(sent, stream, { log, heads })
      const { revision, position } = sent
      return { firstRevision: revision - events.length + 1, revision, position, repeated: false }
    }
    if (tries >= maxTries) throw new WrongExpectedRevision(stream, expected, head?.revision)
    head = await look()
    fresh = true
  }
}

function removeSuperseded(
  { id, superseded = '' }: Head,
  stream: string,
  { log, heads }: Pick<Parts, 'log' | 'heads'>,
): void {
  const forget = (): void => {
    const head = heads.get(stream)
    if (head?.id === id) heads.set(stream, { ...head, superseded: undefined })
  }
  log.removeKeys([superseded]).then(forget, () => {})
}

async function send(
  { stream, deadline }: Append,
  events: ReturnType<typeof sealed>,
  head: Head | undefined,
  { sender, heads }: Pick<Parts, 'sender' | 'heads'>,
) {
  try {
    return await sender.send({ stream, events, at: head?.revision ?? -1, deadline })
  } catch (error) {
    // It may have been written: what is remembered is no longer the end.
    if (error instanceof OutcomeUnknown) heads.delete(stream)
    throw error
  }
}
