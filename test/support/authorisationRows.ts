// What everybody may ask: one row for each way to ask it. A cell is what comes of it: data (`ok`), nothing (`null`), or the code of
// the error. The columns are the callers, in their order.

import type { People, Place } from './callers.ts'
import { documentOf } from './mutate.ts'

export interface Asking {
  readonly document: string
  readonly variables: Readonly<Record<string, unknown>>
}

export interface Row {
  /** "Type.field" of the root field, with what is special about it behind a colon. */
  readonly name: string
  /** By visibility of the room; one line where it makes no difference. */
  readonly expected: string | { readonly PUBLIC: string; readonly PRIVATE: string }
  readonly ask: (place: Place, people: People) => Asking
  /** It ends the session that it comes with. */
  readonly endsSession?: true
  /** Arguments inside the answer that it tries: "Type.field(argument)". */
  readonly inside?: readonly string[]
}

const query = (
  selection: string,
  variables: Asking['variables'] = {},
  types: Readonly<Record<string, string>> = {},
) => {
  const declared = Object.keys(variables).map((name) => `$${name}: ${types[name] ?? 'ID!'}`)
  return { document: `query ${declared.length > 0 ? `(${declared.join(', ')})` : ''} { ${selection} }`, variables }
}
const feed = (
  selection: string,
  variables: Asking['variables'] = {},
  types: Readonly<Record<string, string>> = {},
) => ({
  ...query(selection, variables, types),
  document: query(selection, variables, types).document.replace(/^query/, 'subscription'),
})
const mutation = (name: string, input: Asking['variables'], selection?: string) => ({
  document: documentOf(name, selection),
  variables: { input },
})

//                 anonymous       guest     stranger  invited   member    former    banned    moderator owner     server mod. admin
const everybody = `ok              ok        ok        ok        ok        ok        ok        ok        ok        ok          ok`
const signedIn = ` UNAUTHENTICATED ok        ok        ok        ok        ok        ok        ok        ok        ok          ok`
const readers = {
  PUBLIC: `        UNAUTHENTICATED ok        ok        ok        ok        ok        null      ok        ok        ok          ok`,
  PRIVATE: `       UNAUTHENTICATED null      null      null      ok        null      null      ok        ok        null        null`,
}
const followers = {
  PUBLIC: readers.PUBLIC.replace(/null/g, 'NOT_FOUND'),
  PRIVATE: readers.PRIVATE.replace(/null/g, 'NOT_FOUND'),
}
const inside = {
  PUBLIC: `        UNAUTHENTICATED FORBIDDEN FORBIDDEN FORBIDDEN ok        FORBIDDEN NOT_FOUND ok        ok        FORBIDDEN   FORBIDDEN`,
  PRIVATE: `       UNAUTHENTICATED NOT_FOUND NOT_FOUND NOT_FOUND ok        NOT_FOUND NOT_FOUND ok        ok        NOT_FOUND   NOT_FOUND`,
}
const moderators = {
  PUBLIC: `        UNAUTHENTICATED FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN NOT_FOUND ok        ok        ok          ok`,
  PRIVATE: `       UNAUTHENTICATED NOT_FOUND NOT_FOUND FORBIDDEN FORBIDDEN NOT_FOUND NOT_FOUND ok        ok        NOT_FOUND   NOT_FOUND`,
}
const owners = {
  PUBLIC: `        UNAUTHENTICATED FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN NOT_FOUND FORBIDDEN ok        FORBIDDEN   ok`,
  PRIVATE: `       UNAUTHENTICATED NOT_FOUND NOT_FOUND FORBIDDEN FORBIDDEN NOT_FOUND NOT_FOUND FORBIDDEN ok        NOT_FOUND   NOT_FOUND`,
}
const nobody = `   UNAUTHENTICATED NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND   NOT_FOUND`
const login = `    ${'UNAUTHENTICATED '.repeat(11)}`

export const rows: readonly Row[] = [
  // ── questions ──
  { name: 'Query.node: a room', expected: readers, ask: ({ room }) => query('node(id: $id) { id }', { id: room }) },
  {
    name: 'Query.node: a message',
    expected: readers,
    ask: ({ message }) => query('node(id: $id) { id }', { id: message }),
  },
  {
    name: 'Query.node: a membership',
    expected: readers,
    ask: ({ membership }) => query('node(id: $id) { id }', { id: membership }),
  },
  {
    name: 'Query.node: a person',
    expected: signedIn,
    ask: (_, { ids }) => query('node(id: $id) { id }', { id: ids.owner }),
  },
  {
    name: 'Query.nodes',
    expected: readers,
    ask: ({ room }) => query('nodes(ids: $ids) { id }', { ids: [room] }, { ids: '[ID!]!' }),
  },
  {
    name: 'Query.viewer',
    expected: everybody.replace('ok  ', 'null'),
    ask: () => query('viewer { id user { id } unreadCount mentionCount feedCursor }'),
  },
  { name: 'Query.server', expected: everybody, ask: () => query('server { name version time limits { pageSize } }') },
  {
    name: 'Query.server: who is there',
    expected: signedIn,
    ask: () =>
      query(
        'server { startedAt uptimeSeconds connectionCount onlineCount userCount roomCount messageCount connectionId }',
      ),
  },
  { name: 'Query.room', expected: readers, ask: ({ room }) => query('room(id: $id) { id name }', { id: room }) },
  {
    name: 'Query.room: by slug',
    expected: { ...readers, PRIVATE: readers.PRIVATE.replace(/\bok\b/g, 'null') },
    ask: ({ slug }) => query('room(slug: $slug) { id }', { slug }, { slug: 'String' }),
  },
  {
    name: 'Query.rooms',
    expected: { ...readers, PRIVATE: readers.PRIVATE.replace(/\bok\b/g, 'null') },
    ask: ({ name }) => query('rooms(query: $name) { nodes { id } }', { name }, { name: 'String' }),
  },
  {
    name: 'Query.conversation',
    expected: readers,
    inside: ['Conversation.messages(around)', 'Room.messages(around)', 'DirectConversation.messages(around)'],
    ask: ({ room, message }) =>
      query(
        'conversation(id: $id) { id messages(around: $around) { nodes { id text } } members { nodes { id } } readMarkers { id } }',
        {
          id: room,
          around: message,
        },
      ),
  },
  {
    name: 'Query.conversation: its events',
    expected: readers,
    ask: ({ room }) => query('conversation(id: $id) { events { events { __typename } } }', { id: room }),
  },
  {
    name: 'Query.directConversation: of the owner and a member',
    expected: ` UNAUTHENTICATED null null null null null null null ok null null`,
    ask: (_, { ids }) => query('directConversation(with: $ids) { id }', { ids: [ids.other] }, { ids: '[ID!]!' }),
  },
  {
    name: 'Query.user',
    expected: signedIn,
    ask: (_, { ids }) => query('user(id: $id) { id presence }', { id: ids.owner }),
  },
  {
    name: 'Query.users',
    expected: signedIn,
    ask: () => query('users(query: "owner") { nodes { id } }'),
  },

  // ── feeds ──
  {
    name: 'Subscription.conversationFeed',
    expected: followers,
    ask: ({ room }) => feed('conversationFeed(conversationId: $id) { cursor }', { id: room }),
  },
  { name: 'Subscription.inboxFeed', expected: signedIn, ask: () => feed('inboxFeed { cursor }') },
  { name: 'Subscription.serverFeed', expected: signedIn, ask: () => feed('serverFeed { cursor }') },
  {
    name: 'Subscription.presence: of a conversation',
    expected: followers,
    ask: ({ room }) => feed('presence(conversationId: $id) { initial }', { id: room }),
  },
  {
    name: 'Subscription.presence: of people',
    expected: signedIn,
    ask: (_, { ids }) => feed('presence(userIds: $ids) { users { id } }', { ids: [ids.owner] }, { ids: '[ID!]' }),
  },
  {
    name: 'Subscription.typing',
    expected: followers,
    ask: ({ room }) => feed('typing(conversationId: $id) { __typename }', { id: room }),
  },

  // ── accounts ──
  {
    name: 'Mutation.register: a name that cannot be',
    expected: 'BAD_INPUT '.repeat(11),
    ask: () => mutation('register', { username: ' ', password: 'correct horse battery' }),
  },
  {
    name: 'Mutation.login: wrong',
    expected: login,
    ask: () => mutation('login', { username: 'owner', password: 'not the right one' }),
  },
  { name: 'Mutation.createGuest', expected: everybody, ask: () => mutation('createGuest', {}) },
  {
    name: 'Mutation.claimGuest: under a name that is taken',
    expected: ` UNAUTHENTICATED ${'CONFLICT '.repeat(10)}`,
    ask: () => mutation('claimGuest', { username: 'other', password: 'correct horse battery' }),
  },
  {
    name: 'Mutation.claimOwner: with a token that is none',
    expected: login,
    ask: () => mutation('claimOwner', { token: 'no', username: 'mine', password: 'correct horse battery' }),
  },
  {
    name: 'Mutation.logout',
    expected: signedIn,
    endsSession: true,
    ask: () => ({ document: 'mutation { logout { __typename } }', variables: {} }),
  },
  {
    name: 'Mutation.logoutEverywhere',
    expected: signedIn,
    endsSession: true,
    ask: () => ({ document: 'mutation { logoutEverywhere { __typename } }', variables: {} }),
  },
  {
    name: 'Mutation.endSession: one that is not there',
    expected: nobody,
    ask: () => ({
      document:
        'mutation ($input: EndSessionInput!) { endSession(input: $input) { __typename ... on Error { code } } }',
      variables: { input: { sessionId: 'session_00000000-0000-4000-8000-000000000000' } },
    }),
  },
  {
    name: 'Mutation.changePassword: without the current one',
    // A guest has none to change.
    expected: login.replace(/(UNAUTHENTICATED )UNAUTHENTICATED/, '$1BAD_INPUT'),
    ask: () =>
      mutation('changePassword', { currentPassword: 'not the right one', newPassword: 'another horse battery' }),
  },
  { name: 'Mutation.updateProfile', expected: signedIn, ask: () => mutation('updateProfile', { bio: 'Hello' }) },
  { name: 'Mutation.setPresence', expected: signedIn, ask: () => mutation('setPresence', { status: 'BUSY' }) },

  // ── rooms ──
  {
    name: 'Mutation.createRoom',
    expected: signedIn.replace('ok       ', 'FORBIDDEN'),
    ask: () => mutation('createRoom', { name: 'Mine', visibility: 'PRIVATE' }),
  },
  {
    name: 'Mutation.updateRoom: its topic',
    expected: moderators,
    ask: ({ room }) => mutation('updateRoom', { roomId: room, topic: 'Tea' }),
  },
  {
    name: 'Mutation.updateRoom: its name',
    expected: owners,
    ask: ({ room }) => mutation('updateRoom', { roomId: room, name: 'Tea' }),
  },
  { name: 'Mutation.archiveRoom', expected: owners, ask: ({ room }) => mutation('archiveRoom', { roomId: room }) },
  { name: 'Mutation.unarchiveRoom', expected: owners, ask: ({ room }) => mutation('unarchiveRoom', { roomId: room }) },
  {
    name: 'Mutation.joinRoom',
    expected: {
      PUBLIC: ` UNAUTHENTICATED ok        ok        ok ok ok        FORBIDDEN ok ok ok        ok`,
      PRIVATE: `UNAUTHENTICATED NOT_FOUND NOT_FOUND ok ok NOT_FOUND NOT_FOUND ok ok NOT_FOUND NOT_FOUND`,
    },
    ask: ({ room }) => mutation('joinRoom', { roomId: room }),
  },
  {
    name: 'Mutation.leaveRoom',
    expected: {
      PUBLIC: ` UNAUTHENTICATED ok        ok        ok ok ok        NOT_FOUND ok CONFLICT ok        ok`,
      PRIVATE: `UNAUTHENTICATED NOT_FOUND NOT_FOUND ok ok NOT_FOUND NOT_FOUND ok CONFLICT NOT_FOUND NOT_FOUND`,
    },
    ask: ({ room }) => mutation('leaveRoom', { roomId: room }),
  },
  {
    name: 'Mutation.inviteToRoom',
    expected: {
      PUBLIC: ` UNAUTHENTICATED FORBIDDEN FORBIDDEN FORBIDDEN ok        FORBIDDEN NOT_FOUND ok ok ok        ok`,
      PRIVATE: `UNAUTHENTICATED NOT_FOUND NOT_FOUND FORBIDDEN FORBIDDEN NOT_FOUND NOT_FOUND ok ok NOT_FOUND NOT_FOUND`,
    },
    ask: ({ room }, { ids }) => mutation('inviteToRoom', { roomId: room, userIds: [ids.stranger] }),
  },
  {
    name: 'Mutation.declineInvitation',
    expected: nobody.replace(/(UNAUTHENTICATED +NOT_FOUND +NOT_FOUND +)NOT_FOUND/, '$1ok'),
    ask: ({ room }) => mutation('declineInvitation', { roomId: room }),
  },
  {
    name: 'Mutation.setMemberRole',
    expected: owners,
    ask: ({ room }, { ids }) => mutation('setMemberRole', { roomId: room, userId: ids.other, role: 'MODERATOR' }),
  },
  {
    name: 'Mutation.removeMember',
    expected: moderators,
    ask: ({ room }, { ids }) => mutation('removeMember', { roomId: room, userId: ids.other }),
  },

  // ── messages ──
  {
    name: 'Mutation.sendMessage',
    expected: inside,
    ask: ({ room }) => mutation('sendMessage', { conversationId: room, text: 'Hello' }),
  },
  {
    name: 'Mutation.openDM',
    expected: signedIn.replace('ok       ', 'FORBIDDEN'),
    ask: (_, { ids }) => mutation('openDM', { to: [ids.stranger] }),
  },
  {
    name: 'Mutation.sendDM',
    expected: signedIn.replace('ok       ', 'FORBIDDEN'),
    ask: (_, { ids }) => mutation('sendDM', { to: [ids.stranger], text: 'Hello' }),
  },
  {
    name: "Mutation.editMessage: one's own",
    expected: inside,
    ask: ({ own }) => mutation('editMessage', { messageId: own, text: 'Hello again' }),
  },
  {
    name: 'Mutation.editMessage: that of another',
    expected: {
      PUBLIC: followers.PUBLIC.replace(/\bok\b/g, 'FORBIDDEN'),
      PRIVATE: followers.PRIVATE.replace(/\bok\b/g, 'FORBIDDEN'),
    },
    ask: ({ message }) => mutation('editMessage', { messageId: message, text: 'Hello again' }),
  },
  {
    name: "Mutation.deleteMessage: one's own",
    expected: followers,
    ask: ({ own }) => mutation('deleteMessage', { messageId: own }),
  },
  {
    name: 'Mutation.deleteMessage: that of another',
    expected: { ...moderators, PRIVATE: moderators.PRIVATE.replace('FORBIDDEN', 'NOT_FOUND') },
    ask: ({ message }) => mutation('deleteMessage', { messageId: message }),
  },
  { name: 'Mutation.markRead', expected: inside, ask: ({ message }) => mutation('markRead', { messageId: message }) },
  {
    name: 'Mutation.setTyping',
    expected: inside,
    ask: ({ room }) => mutation('setTyping', { conversationId: room, typing: true }, 'conversation { id }'),
  },
]
