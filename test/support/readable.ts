// Reading what somebody else has just written: only one's own writes are certain to be seen at once.

import { guest } from './client.ts'

/**
 * Resolves once everybody can read what was acknowledged before. Somebody new comes in and reads who they are: that stands
 * after everything else in the log, and a session's reads wait for its own writes.
 */
export async function readable(graphql: string): Promise<void> {
  await guest(graphql)
}
