// The SQL text of a field. Filters, sorts and indexes all get it here, because SQLite uses an index on an expression
// only where a query has exactly the same text.

/** What the index on a collection and the filter of a query agree on. */
export interface Field {
  /** SQL that yields the field's value in the order of the port: NULL, numbers, texts, then blobs for all other types. */
  readonly value: string
  /** SQL that is true where the field is there, null included. */
  readonly exists: string
  /** The one type of a field that every document has; undefined where documents differ. */
  readonly always: 'string' | 'number' | undefined
}

/** Booleans, objects and arrays become blobs: SQLite sorts those after all texts, and never takes `true` for 1. */
export const blobs = { object: "x'00'", array: "x'01'", false: "x'02'", true: "x'03'" } as const

const segment = /^[A-Za-z_][A-Za-z0-9_-]*$/

/**
 * `author.id` reaches into objects. Arrays are never looked into: a field that is one equals nothing.
 *
 * @param doc where the JSON is; triggers have `OLD.doc` and `NEW.doc`
 * @throws {TypeError} a name that is not letters, digits, `_` and `-`, in parts joined by dots
 */
export function field(name: string, doc = 'doc'): Field {
  if (name === '_id') return { value: 'id', exists: '1', always: 'string' }
  if (name === '_revision') return { value: 'revision', exists: '1', always: 'number' }
  if (name === '_position') return { value: 'position', exists: '1', always: 'string' }
  const parts = name.split('.')
  if (!parts.every((part) => segment.test(part))) throw new TypeError(`${JSON.stringify(name)} cannot name a field.`)
  const path = `'$${parts.map((part) => `."${part}"`).join('')}'`
  return {
    value:
      `CASE json_type(${doc},${path}) WHEN 'true' THEN ${blobs.true} WHEN 'false' THEN ${blobs.false} ` +
      `WHEN 'object' THEN ${blobs.object} WHEN 'array' THEN ${blobs.array} ELSE ${doc}->>${path} END`,
    exists: `json_type(${doc},${path}) IS NOT NULL`,
    always: undefined,
  }
}
