// Any mutation by its name: the result with its type, the payload's fields that are asked for, and every field of an error.

import type { ApiClient, Data } from './client.ts'

/**
 * @param selection fields of the payload
 * @returns the payload, or the error, each with `__typename`
 */
export const mutate = (
  client: ApiClient,
  name: string,
  input: Readonly<Record<string, unknown>>,
  selection = 'position',
): Promise<Data> => client.command(documentOf(name, selection), { input })

/** `logout`, the only mutation without an input. */
export const logout = (client: ApiClient): Promise<Data> =>
  client.command(`mutation { logout { __typename ${errorFields} ... on LogoutPayload { position endedSessions } } }`)

/** The document of a mutation, with the input as `$input`. */
export function documentOf(name: string, selection = 'position'): string {
  const type = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ${errorFields} ... on ${type}Payload { ${selection} } } }`
}

const errorFields = '... on Error { code detail field } ... on RateLimitedError { retryAfterSeconds }'
