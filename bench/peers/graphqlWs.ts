// graphql-ws with Yoga's pubsub, as both document it: each subscriber's document is executed for each event.

import { randomUUID } from 'node:crypto'
import { createPubSub } from '@graphql-yoga/subscription'
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { listen } from './listen.ts'

interface Message {
  readonly id: string
  readonly number: number
  readonly text: string
  readonly author: { readonly id: string; readonly displayName: string }
}

const pubSub = createPubSub<{ message: [room: string, payload: Message] }>()
const author = new GraphQLObjectType({
  name: 'User',
  fields: { id: { type: GraphQLString }, displayName: { type: GraphQLString } },
})
const message = new GraphQLObjectType({
  name: 'Message',
  fields: {
    id: { type: GraphQLString },
    number: { type: GraphQLInt },
    text: { type: GraphQLString },
    author: { type: author },
  },
})
const room = { room: { type: new GraphQLNonNull(GraphQLString) } }
let number = 0

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { there: { type: GraphQLString, resolve: () => 'yes' } } }),
  mutation: new GraphQLObjectType({
    name: 'Mutation',
    fields: {
      send: {
        type: GraphQLInt,
        args: { ...room, text: { type: new GraphQLNonNull(GraphQLString) } },
        resolve: (_, { room, text }: { readonly room: string; readonly text: string }) => {
          number += 1
          pubSub.publish('message', room, {
            id: randomUUID(),
            number,
            text,
            author: { id: 'user_1', displayName: 'Ada' },
          })
          return number
        },
      },
    },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      message: {
        type: message,
        args: room,
        subscribe: (_, { room }: { readonly room: string }) => pubSub.subscribe('message', room),
        resolve: (payload: Message) => payload,
      },
    },
  }),
})

const { server, ready } = listen()
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }))
ready()
