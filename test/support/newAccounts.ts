// People for writers, made over the wire like everything else.

import { attempt } from './attempting.ts'
import { registered } from './client.ts'
import type { Attempt } from './history.ts'
import type { Account } from './writer.ts'

/** Some accounts, then some guests, whose making is written down with the rest. @throws where the server refuses one */
export async function newAccounts(
  graphql: string,
  attempts: Attempt[],
  { people, guests }: { readonly people: number; readonly guests: number },
): Promise<Account[]> {
  const made: Account[] = []
  for (let index = 0; index < people + guests; index++) {
    const name = `writer-${index}`
    if (index < people) {
      const { userId, token = '' } = await registered(graphql, name)
      made.push({ userId, token, credentials: { username: name, password: 'correct horse battery' } })
      continue
    }
    const asked = { command: 'createGuest', actor: name, text: name } as const
    const { attempt: done, token } = await attempt(graphql, undefined, { asked, input: { displayName: name } })
    if (done.outcome !== 'ok' || done.said.userId === undefined || token === undefined)
      throw new Error(`No guest was made: ${JSON.stringify(done)}`)
    attempts.push(done)
    made.push({ userId: done.said.userId, token })
  }
  return made
}
