// Counts how often the fields of the schema are resolved, in servers of this process.

import { isObjectType } from 'graphql'
import { schema } from '../../schema/schema.ts'

/** How often a field is resolved while something is done. */
export async function resolutionsOf(name: string, field: string, work: () => Promise<unknown>): Promise<number> {
  const type = schema.getType(name)
  const found = isObjectType(type) ? type.getFields()[field] : undefined
  const resolve = found?.resolve
  if (!found || !resolve) throw new Error(`There is no ${name}.${field} with a resolver.`)
  let count = 0
  found.resolve = (...args) => {
    count++
    return resolve(...args)
  }
  try {
    await work()
    return count
  } finally {
    found.resolve = resolve
  }
}

/** How often frames of this type, whose documents ask for its cursor, are executed while something is done. */
export const executionsOf = (
  name: 'ConversationFeedPayload' | 'InboxFeedPayload',
  work: () => Promise<unknown>,
): Promise<number> => resolutionsOf(name, 'cursor', work)
