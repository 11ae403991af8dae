// One event on one line, for people.

import type { EventLine } from './methods.ts'

/** Characters that would move the cursor or turn the writing round; some of them `JSON.stringify` leaves as they are. */
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** Time, stream, revision, type, who, what; nothing in it can upset a terminal. */
export function eventLine({ stream, revision, type, data, body, metadata }: EventLine): string {
  const what = [data, body].filter((part) => part !== undefined && Object.keys(part).length > 0)
  const parts = [
    metadata.occurredAt ?? '-',
    stream,
    String(revision),
    type,
    metadata.actor ?? '-',
    ...what.map((part) => JSON.stringify(part)),
  ]
  return parts.join('  ').replace(unsafe, escaped)
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
