// What the server says of itself.

import { pageSizeLimit } from '../src/queries/page.ts'
import { builder } from './builder.ts'
import { type ServerFacts, signedIn } from './context.ts'

const Limits = builder.objectRef<ServerFacts>('Limits').implement({
  description: 'How much is taken at once.',
  fields: (t) => ({
    messageLength: t.exposeInt('messageLength', { description: 'Characters (code points) of a message.' }),
    attachmentBytes: t.exposeInt('attachmentBytes', { description: 'Bytes of a file.' }),
    pageSize: t.int({ description: 'Entries of a page.', resolve: () => pageSizeLimit }),
  }),
})

const iso = (ms: number) => new Date(ms).toISOString()

/** The whole part of it, as GraphQL's Int can hold it. */
const int = (count: number) => Math.min(Math.trunc(count), 2_147_483_647)

export const Server = builder.objectRef<ServerFacts>('Server').implement({
  description: 'This server. Without signing in, its name, version, time and limits can be asked.',
  fields: (t) => ({
    id: t.id({ description: 'Always the same.', resolve: () => 'server' }),
    name: t.exposeString('name', { description: 'What runs here.' }),
    version: t.exposeString('version', { description: 'Its version.' }),
    time: t.field({ type: 'DateTime', description: 'What its clock shows.', resolve: (server) => iso(server.now()) }),
    limits: t.field({ type: Limits, description: 'How much it takes at once.', resolve: (server) => server }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'Since when this process runs.',
      resolve: (server, _, context) => signedIn(context) && iso(server.startedAt),
    }),
    uptimeSeconds: t.int({
      description: 'How long this process has been running.',
      resolve: (server, _, context) => signedIn(context) && int((server.now() - server.startedAt) / 1000),
    }),
    connectionCount: t.int({
      description: 'Open client connections.',
      resolve: (server, _, context) => signedIn(context) && server.connectionCount(),
    }),
    userCount: t.int({
      description: 'Accounts, guests too; at most two seconds old.',
      resolve: async (_, __, context) => signedIn(context) && int((await context.app.queries.counts()).users),
    }),
    roomCount: t.int({
      description: 'Rooms; at most two seconds old.',
      resolve: async (_, __, context) => signedIn(context) && int((await context.app.queries.counts()).rooms),
    }),
    messageCount: t.int({
      description: 'Messages ever sent; at most two seconds old.',
      resolve: async (_, __, context) => signedIn(context) && int((await context.app.queries.counts()).messages),
    }),
    connectionId: t.id({
      description: 'The id of this connection: sockets keep it for their life, plain HTTP gets one a request.',
      resolve: (_, __, context) => signedIn(context) && context.caller.connectionId,
    }),
  }),
})

builder.queryFields((t) => ({
  server: t.field({ type: Server, description: 'This server.', resolve: (_, __, { app }) => app.server }),
}))
