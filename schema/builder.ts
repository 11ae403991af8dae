// The schema's builder: what backs each scalar, and that fields are non-null unless they say otherwise.

import SchemaBuilder, { type InterfaceRef, type ObjectRef } from '@pothos/core'
import type { Context } from './context.ts'

export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    /** As an ISO string. */
    DateTime: { Input: string; Output: string }
    FeedCursor: { Input: string; Output: string }
    Position: { Input: string; Output: string }
    JSON: { Input: unknown; Output: unknown }
  }
}>({ defaultFieldNullability: false })

builder.queryType({ description: 'What can be asked.' })
builder.mutationType({
  description: 'What can be done. Each answers with a payload, or with a typed error that says what to do.',
})
builder.subscriptionType({ description: 'What can be followed.' })

/** What the builder was told, for those who name its types. */
export type Types = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer T> ? T : never

/** An object type backed by `T`. */
export type ObjectOf<T> = ObjectRef<Types, T>
/** An interface backed by `T`. */
export type InterfaceOf<T> = InterfaceRef<Types, T>
