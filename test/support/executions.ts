// Counts how often frames are executed.

import { type GraphQLObjectType, isObjectType } from 'graphql'
import { schema } from '../../schema/schema.ts'

/** How often frames of this type, whose documents ask for its cursor, are executed while something is done. */
export async function executionsOf(
  name: 'ConversationFeedPayload' | 'InboxFeedPayload',
  work: () => Promise<unknown>,
): Promise<number> {
  const type = schema.getType(name)
  if (!isObjectType(type)) throw new Error(`There is no ${name}.`)
  const { cursor } = (type as GraphQLObjectType).getFields()
  const resolve = cursor?.resolve
  if (!cursor || !resolve) throw new Error('It has no cursor.')
  let count = 0
  cursor.resolve = (...args) => {
    count++
    return resolve(...args)
  }
  try {
    await work()
    return count
  } finally {
    cursor.resolve = resolve
  }
}
