// What relay-compiler makes of the subscription `Follow`, written by hand: the compiler is a native program, and this example brings
// nothing but JavaScript. In an application write `graphql` literals, and let the compiler write files like this one.

import type { ConcreteRequest } from 'relay-runtime'

export interface Feed {
  readonly cursor: string
  readonly reset: { readonly reason: string } | null
  readonly events: readonly {
    readonly message?: { readonly text: string; readonly author: { readonly displayName: string } } | null
  }[]
}

export interface Follow {
  readonly variables: { readonly id: string; readonly after: string }
  readonly response: { readonly conversationFeed: Feed }
}

const text = `subscription Follow($id: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $id, after: $after) {
    cursor
    reset { reason }
    events { __typename ... on MessageSent { message { id text author { id displayName } } } }
  }
}`

const field = (name: string) => ({ kind: 'ScalarField', alias: null, args: null, name, storageKey: null }) as const
const object = { kind: 'LinkedField', alias: null, args: null, storageKey: null, plural: false } as const

const message = {
  ...object,
  name: 'message',
  concreteType: 'Message',
  selections: [
    field('id'),
    field('text'),
    { ...object, name: 'author', concreteType: 'User', selections: [field('id'), field('displayName')] },
  ],
} as const

const selections = [
  {
    ...object,
    name: 'conversationFeed',
    concreteType: 'ConversationFeedPayload',
    args: [
      { kind: 'Variable', name: 'after', variableName: 'after' },
      { kind: 'Variable', name: 'conversationId', variableName: 'id' },
    ],
    selections: [
      field('cursor'),
      { ...object, name: 'reset', concreteType: 'FeedReset', selections: [field('reason')] },
      {
        ...object,
        name: 'events',
        concreteType: null,
        plural: true,
        selections: [
          field('__typename'),
          { kind: 'InlineFragment', type: 'MessageSent', abstractKey: null, selections: [message] },
        ],
      },
    ],
  },
] as const

const argumentDefinitions = [
  { kind: 'LocalArgument', name: 'id', defaultValue: null },
  { kind: 'LocalArgument', name: 'after', defaultValue: null },
] as const

export const follow: ConcreteRequest = {
  kind: 'Request',
  fragment: { kind: 'Fragment', name: 'Follow', type: 'Subscription', metadata: null, argumentDefinitions, selections },
  operation: { kind: 'Operation', name: 'Follow', argumentDefinitions, selections },
  params: { id: null, cacheID: 'Follow', name: 'Follow', operationKind: 'subscription', metadata: {}, text },
}
