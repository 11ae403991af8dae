// Anything with an id, by its id.

import { parseId } from '../src/domain/ids.ts'
import { BadInput, pageSizeLimit } from '../src/queries/page.ts'
import { builder } from './builder.ts'
import { asking, type Context, signedIn } from './context.ts'
import { shared } from './shared.ts'

export const Node = builder.interfaceRef<{ readonly id: string }>('Node').implement({
  description: 'Anything that has an id of its own.',
  resolveType: ({ id }) => typeNames[parseId(id)?.type ?? 'room'],
  fields: (t) => ({ id: t.exposeID('id', { extensions: shared, description: 'Opaque; the same for ever.' }) }),
})

const typeNames = {
  user: 'User',
  room: 'Room',
  dm: 'DirectConversation',
  message: 'Message',
  session: 'Session',
  membership: 'Membership',
}

/** What the viewer may see under an id; undefined where there is nothing, or nothing for them. */
async function nodeOf(context: Context, id: string) {
  // Asked first: whoever is not signed in is told so, whatever the id.
  const viewer = asking(context)
  const parsed = parseId(id)
  if (!parsed) return undefined
  const { app, loaders } = context
  switch (parsed.type) {
    case 'user':
      return await app.queries.user(viewer, { id: parsed.id })
    case 'room':
    case 'dm':
      return await app.queries.conversation(viewer, parsed.id)
    case 'message':
      return await app.queries.message(viewer, parsed.id)
    case 'membership':
      return await app.queries.membership(viewer, parsed.conversationId, parsed.userId)
    case 'session': {
      const session = await loaders.sessions.load(parsed.id)
      return session?.userId === viewer.viewer ? session : undefined
    }
    default:
      return parsed satisfies never
  }
}

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description: 'Anything by its id; null where there is nothing, or nothing that the viewer may see.',
    args: { id: t.arg.id({ required: true, description: 'As this server gave it.' }) },
    resolve: (_, { id }, context) => nodeOf(context, id),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    description: 'The same for several ids at once, at most 100, in their order.',
    args: { ids: t.arg.idList({ required: true, description: 'As this server gave them.' }) },
    resolve: async (_, { ids }, context) => {
      signedIn(context)
      if (ids.length > pageSizeLimit)
        throw new BadInput(`${ids.length} ids are too many; ask for at most ${pageSizeLimit} at once.`)
      return await Promise.all(ids.map((id) => nodeOf(context, id)))
    },
  }),
}))
