// Mercurius as its documentation has it, with the emitter in memory that it brings; mutations come over the socket too.

import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import mercurius, { type IResolvers } from 'mercurius'

const schema = `
  type User { id: String! displayName: String! }
  type Message { id: String! number: Int! text: String! author: User! }
  type Query { there: String }
  type Mutation { send(room: String!, text: String!): Int }
  type Subscription { message(room: String!): Message }
`
let number = 0

const resolvers: IResolvers = {
  Mutation: {
    send: async (_, { room, text }: { readonly room: string; readonly text: string }, { pubsub }) => {
      number += 1
      const message = { id: randomUUID(), number, text, author: { id: 'user_1', displayName: 'Ada' } }
      await pubsub.publish({ topic: room, payload: { message } })
      return number
    },
  },
  Subscription: {
    message: {
      subscribe: (_, { room }: { readonly room: string }, { pubsub }) => pubsub.subscribe(room),
    },
  },
}

const app = fastify()
app.register(mercurius, { schema, resolvers, subscription: { fullWsTransport: true } })
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
process.on('disconnect', () => process.exit())
