// People for writers, made over the wire like everything else.

import { attempt } from './attempting.ts'
import type { Attempt } from './history.ts'
import type { Account } from './writer.ts'

const password = 'correct horse battery'

/** An account, or a guest, whose making is written down with the rest. @throws where the server refuses it */
export async function newAccount(
  graphql: string,
  attempts: Attempt[],
  command: 'register' | 'createGuest',
  name: string,
): Promise<Account> {
  const input = command === 'register' ? { username: name, password } : { displayName: name }
  const asked = { command, actor: name, text: name }
  const { attempt: done, token } = await attempt(graphql, undefined, { asked, input })
  if (done.outcome !== 'ok' || done.said.userId === undefined || token === undefined)
    throw new Error(`Nobody was made: ${JSON.stringify(done)}`)
  attempts.push(done)
  const { userId } = done.said
  return { userId, token, ...(command === 'register' ? { credentials: { username: name, password } } : undefined) }
}

/** Some accounts, then some guests. @throws where the server refuses one */
export async function newAccounts(
  graphql: string,
  attempts: Attempt[],
  { people, guests }: { readonly people: number; readonly guests: number },
): Promise<Account[]> {
  const made: Account[] = []
  for (let index = 0; index < people + guests; index++)
    made.push(await newAccount(graphql, attempts, index < people ? 'register' : 'createGuest', `writer-${index}`))
  return made
}
