// Run by mongosh: makes a replica set of one, and the account of Parley. Both stay as they are where they are there.

const { readFileSync } = require('node:fs')

/** How long the server may take to answer, and to find itself the primary, in ms. */
const patience = 120_000
const pause = 1_000

const secret = (name) => readFileSync(`/run/secrets/${name}`, 'utf8').trim()

/** Calls until it gives something, and throws what it threw last. */
function eventually(what, call) {
  const deadline = Date.now() + patience
  for (;;) {
    try {
      const result = call()
      if (result) return result
      if (Date.now() > deadline) throw new Error(`${what} takes too long.`)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    sleep(pause)
  }
}

const admin = eventually('MongoDB', () =>
  connect(`mongodb://root:${secret('mongo_root_password')}@mongo:27017/admin?directConnection=true`),
)

if (admin.hello().setName === undefined) {
  admin.adminCommand({ replSetInitiate: { _id: 'parley', members: [{ _id: 0, host: 'mongo:27017' }] } })
  print('The replica set is made.')
}
eventually('The election of a primary', () => admin.hello().isWritablePrimary)

const account = {
  pwd: secret('mongo_parley_password'),
  // Read models, and the keys of what people wrote.
  roles: ['parley', 'parley_keys'].map((db) => ({ role: 'readWrite', db })),
}
if (admin.getUser('parley')) admin.updateUser('parley', account)
else admin.createUser({ user: 'parley', ...account })
print('The account of Parley is there.')
