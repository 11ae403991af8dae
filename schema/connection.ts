// Relay connections with a `nodes` shortcut and a total.

import { type Page, pageSizeLimit } from '../src/queries/page.ts'
import { builder, type InterfaceOf, type ObjectOf } from './builder.ts'

const PageInfo = builder.objectRef<Page<unknown>>('PageInfo').implement({
  description: 'Whether there is more of a list, and where the page begins and ends.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether something follows after this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', { description: 'Whether something comes before this page.' }),
    startCursor: t.string({
      nullable: true,
      description: 'Cursor of the first entry; pass it as `before`.',
      resolve: ({ edges }) => edges[0]?.cursor,
    }),
    endCursor: t.string({
      nullable: true,
      description: 'Cursor of the last entry; pass it as `after`.',
      resolve: ({ edges }) => edges.at(-1)?.cursor,
    }),
  }),
})

/** `RoomConnection` and `RoomEdge` for `Room`. */
export function connectionType<T extends object>(name: string, node: ObjectOf<T> | InterfaceOf<T>) {
  // Both serve as the type of a field in the same way.
  const nodeType = node as ObjectOf<T>
  const edge = builder.objectRef<Page<T>['edges'][number]>(`${name}Edge`).implement({
    description: `One entry of a ${name}Connection.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        description: 'Where the entry stands in the list. It pages; it does not resume a feed.',
      }),
      node: t.field({ type: nodeType, description: 'The entry itself.', resolve: (entry) => entry.node as never }),
    }),
  })
  return builder.objectRef<Page<T>>(`${name}Connection`).implement({
    description: `A page of a list: ${name}.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The entries with their cursors.',
        resolve: ({ edges }) => [...edges],
      }),
      nodes: t.field({
        type: [nodeType],
        description: 'The entries alone.',
        resolve: ({ edges }) => edges.map((entry) => entry.node) as never,
      }),
      pageInfo: t.field({ type: PageInfo, description: 'Whether there is more.', resolve: (page) => page }),
      totalCount: t.int({
        nullable: true,
        description: 'Null where counting would be costly (above 10,000).',
        resolve: ({ total }) => total(),
      }),
    }),
  })
}

export const firstDescription = `How many, 1 to ${pageSizeLimit}; 50 unless said.`
export const afterDescription = 'The page after this cursor.'
