// One text for each JSON value, however it was put together: what is compared or hashed is written this way.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * JSON without white space and with the keys of every object sorted by their UTF-16 units (as in RFC 8785).
 * The value goes through `JSON.stringify` first, so the same things are left out (undefined, functions) and `toJSON`
 * is honoured. What has no JSON at all is `null`, as it would be in a list.
 * @throws what `JSON.stringify` throws, for cycles and bigints
 */
export function canonicalJson(value: unknown): string {
  // The declared type of stringify hides that it gives undefined for undefined and functions.
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? 'null' : write(JSON.parse(text) as Json)
}

function write(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(write).join(',')}]`
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(',')}}`
}

/** `Array.isArray` does not narrow a read-only list. */
const isList = (value: object): value is readonly Json[] => Array.isArray(value)
