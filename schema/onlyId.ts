// What can be answered from an id alone needs no read: feeds name the conversation of each event.

import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'

/** Whether nothing is asked of an object but its id and the name of its type. */
export const asksOnlyForId = ({ fieldNodes, fragments }: GraphQLResolveInfo): boolean =>
  fieldNodes.every(({ selectionSet }) => selectionSet !== undefined && isOnlyId(selectionSet, fragments))

function isOnlyId({ selections }: SelectionSetNode, fragments: GraphQLResolveInfo['fragments']): boolean {
  return selections.every((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return selection.name.value === 'id' || selection.name.value === '__typename'
      case Kind.INLINE_FRAGMENT:
        return isOnlyId(selection.selectionSet, fragments)
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments[selection.name.value]
        return fragment !== undefined && isOnlyId(fragment.selectionSet, fragments)
      }
      default:
        return selection satisfies never
    }
  })
}
