// The script that mongosh runs, in a place where the few things of mongosh that it uses are played.

import path from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { madeSecrets, text } from './deployFiles.ts'

/** A server that has been started and knows nothing yet. */
class FreshServer {
  initiated = 0
  /** How often it is asked before it is there, and before it is the primary. */
  #patience = { reached: 3, elected: 3 }
  readonly accounts = new Map<string, { readonly pwd: string; readonly roles: readonly unknown[] }>()
  readonly addresses: string[] = []

  connect(address: string) {
    this.addresses.push(address)
    if (this.#patience.reached-- > 0) throw new Error('connect ECONNREFUSED')
    return {
      hello: () => ({
        ...(this.initiated > 0 ? { setName: 'parley' } : {}),
        isWritablePrimary: this.initiated > 0 && this.#patience.elected-- <= 0,
      }),
      adminCommand: (command: { replSetInitiate?: unknown }) => {
        expect(command.replSetInitiate).toBeDefined()
        this.initiated++
      },
      getUser: (name: string) => this.accounts.get(name) ?? null,
      createUser: ({ user, ...account }: { user: string; pwd: string; roles: readonly unknown[] }) => {
        expect(this.#patience.elected, 'before there is a primary').toBeLessThan(0)
        this.accounts.set(user, account)
      },
      updateUser: (name: string, account: { pwd: string; roles: readonly unknown[] }) =>
        this.accounts.set(name, account),
    }
  }
}

/** Runs the script against the server. @returns how often it waited */
async function initiate(server: FreshServer, secrets: string): Promise<number> {
  const fs = await import('node:fs')
  let waits = 0
  runInNewContext(text('deploy/mongo/initiate.js'), {
    require: () => ({
      readFileSync: (file: string, encoding: 'utf8') =>
        fs.readFileSync(path.join(secrets, path.relative('/run/secrets', file)), encoding),
    }),
    connect: (address: string) => server.connect(address),
    sleep: () => {
      waits++
    },
    print: () => {},
  })
  return waits
}

test('the replica set and the account are made once, and what is there stays', async () => {
  const secrets = madeSecrets()
  const server = new FreshServer()
  expect(await initiate(server, secrets)).toBeGreaterThan(2)
  expect(await initiate(server, secrets)).toBe(0)
  expect(server.initiated).toBe(1)
  expect([...server.accounts.keys()]).toEqual(['parley'])
})

test('the account may read and write what Parley keeps, with the password that its address holds', async () => {
  const secrets = madeSecrets()
  const { readFileSync } = await import('node:fs')
  const server = new FreshServer()
  await initiate(server, secrets)
  const { password, pathname } = new URL(readFileSync(path.join(secrets, 'parley_documents'), 'utf8'))
  expect(server.accounts.get('parley')).toEqual({
    pwd: password,
    roles: [pathname.slice(1), 'parley_keys'].map((db) => ({ role: 'readWrite', db })),
  })
  expect(new URL(server.addresses[0] ?? '').password).toBe(
    readFileSync(path.join(secrets, 'mongo_root_password'), 'utf8'),
  )
})
