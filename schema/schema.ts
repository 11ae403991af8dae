// The whole schema: each file adds its topic to the builder.

import './scalars.ts'
import './node.ts'
import './user.ts'
import './account.ts'
import './message.ts'
import './conversation.ts'
import './room.ts'
import './direct.ts'
import './invitation.ts'
import './feed.ts'
import './inbox.ts'
import './server.ts'
import './presence.ts'
import './typing.ts'
import './serverFeed.ts'
import { assertValidSchema, type GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'

export const schema: GraphQLSchema = builder.toSchema()

assertValidSchema(schema)
