// What the client's feeds ask for is the same for everyone, so that the server makes each frame once for all who follow.

import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { Sharing } from '../../src/http/sharing.ts'
import { ConversationFeedDocument, InboxFeedDocument } from './generated/documents.ts'

test.each([
  { feed: 'conversationFeed', document: ConversationFeedDocument, variableValues: { conversationId: 'room_1' } },
  { feed: 'inboxFeed', document: InboxFeedDocument, variableValues: { detail: 'MESSAGES' } },
])('frames of $feed are shared, and kept for those who come back', ({ document, variableValues }) => {
  const asked = { document: parse(document.toString()), operationName: null, variableValues }
  const sharing = new Sharing(schema)
  expect(sharing.saidOf(asked)).toEqual({ shared: true })
  expect(sharing.groupOf(asked)).toMatchObject({ lasting: true })
})
