// What a stream's metadata, the newest event of `$$<stream>`, say about it.

import type { Stored } from './log.ts'

export interface StreamMetadata {
  /** Revision before which nothing is shown. */
  readonly truncateBefore?: number
  readonly maxCount?: number
  /** s */
  readonly maxAge?: number
}

/** The revision, 2^63 - 1, that stands for a deleted stream. */
export const deletedRevision = 9_223_372_036_854_775_807n

export const metastreamOf = (stream: string): string => `$$${stream}`

export const isMetastream = (stream: string): boolean => stream.startsWith('$$')

export const originalOf = (metastream: string): string => metastream.slice(2)

/** Metadata that are no JSON object say nothing. */
export function metadataOf(newest: Stored | undefined): StreamMetadata {
  const found = objectIn(newest)
  const number = (key: string) => (typeof found[key] === 'number' ? found[key] : undefined)
  const [truncateBefore, maxCount, maxAge] = [number('$tb'), number('$maxCount'), number('$maxAge')]
  return {
    ...(truncateBefore === undefined ? undefined : { truncateBefore }),
    ...(maxCount === undefined ? undefined : { maxCount }),
    ...(maxAge === undefined ? undefined : { maxAge }),
  }
}

/** The JSON object that the newest metadata are; empty where there are none. */
export function objectIn(newest: Stored | undefined): { readonly [key: string]: unknown } {
  if (newest === undefined) return {}
  try {
    const found: unknown = JSON.parse(Buffer.from(newest.data).toString('utf8'))
    return typeof found === 'object' && found !== null ? { ...found } : {}
  } catch {
    return {}
  }
}

/** A deleted stream that may be written again: JSON has no 2^63 - 1 as a number, so everything beyond counts. */
export const isSoftDeleted = ({ truncateBefore = 0 }: StreamMetadata): boolean =>
  truncateBefore > Number.MAX_SAFE_INTEGER

/** The first revision that may be shown of a stream that ends at `last`. */
export function firstShown({ truncateBefore = 0, maxCount }: StreamMetadata, last: number): number {
  return Math.max(truncateBefore, maxCount === undefined ? 0 : last - maxCount + 1)
}

/** Whether an event is young enough to be shown. */
export const isFresh = ({ maxAge }: StreamMetadata, { created }: Stored): boolean =>
  maxAge === undefined || created >= Date.now() - maxAge * 1000
