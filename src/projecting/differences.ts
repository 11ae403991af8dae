// How two states of a document differ, without saying what is in them.

import type { StoredDocument } from '../documents/port.ts'
import { canonicalJson } from '../domain/canonicalJson.ts'

export interface Difference {
  readonly id: string
  /** `missing`: the log has it, the read model does not. `unexpected`: the other way round. */
  readonly kind: 'missing' | 'unexpected' | 'different'
  /** Paths of the fields that differ, at most ten; `(revision)` where that differs. */
  readonly fields: readonly string[]
}

const maxFields = 10

/** @returns undefined where both are the same */
export function compare(
  id: string,
  expected: StoredDocument | undefined,
  actual: StoredDocument | undefined,
): Difference | undefined {
  if (expected === undefined) return actual && { id, kind: 'unexpected', fields: [] }
  if (actual === undefined) return { id, kind: 'missing', fields: [] }
  const fields: string[] = expected.revision === actual.revision ? [] : ['(revision)']
  // Nearly all are the same with their fields in the same order, which is told without sorting them.
  if (JSON.stringify(expected.document) !== JSON.stringify(actual.document))
    collect(expected.document, actual.document, '', fields)
  return fields.length === 0 ? undefined : { id, kind: 'different', fields: fields.slice(0, maxFields) }
}

function collect(expected: unknown, actual: unknown, path: string, fields: string[]): void {
  if (fields.length >= maxFields || canonicalJson(expected) === canonicalJson(actual)) return
  if (!isObject(expected) || !isObject(actual)) {
    fields.push(path === '' ? '(document)' : path)
    return
  }
  for (const field of new Set([...Object.keys(expected), ...Object.keys(actual)]))
    collect(expected[field], actual[field], path === '' ? field : `${path}.${field}`, fields)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
