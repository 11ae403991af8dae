// The tables of permissions as people read them: docs/reference/permissions.md.

import type { ServerRole } from './domain/events.ts'
import {
  conversationPermissions,
  type Need,
  type Permission,
  type ServerPermission,
  serverPermissions,
} from './domain/permissions.ts'

const needs: { readonly [N in Need]: string } = {
  anyone: 'everyone',
  invited: 'invited people',
  member: 'members',
  moderator: 'moderators',
  owner: 'owners',
  nobody: '–',
}

const roles: { readonly [R in ServerRole]: string } = {
  GUEST: 'guests',
  MEMBER: 'members',
  MODERATOR: 'moderators',
  ADMIN: 'admins',
  OWNER: 'owners',
}

/** What docs/reference/permissions.md holds. */
export function permissionsReference(): string {
  const conversations: readonly Permission[] = Object.values(conversationPermissions)
  const server: readonly ServerPermission[] = Object.values(serverPermissions)
  const rows = conversations.map(
    (permission) =>
      `| ${permission.does} | ${needs[permission.PUBLIC]} | ${needs[permission.PRIVATE]} | ${needs[permission.DIRECT]} | ${besides(permission)} |`,
  )
  const serverRows = server.map(({ does, from, besides = '' }) => `| ${does} | ${roles[from]} | ${besides} |`)
  return `<!-- Made by \`npm run generate\` from src/domain/permissions.ts. -->

# Who may do what

In a conversation each role may do what those below it may: owners, moderators, members, then everyone who is signed in, guests too. Whoever is banned may do nothing there. In public rooms the moderators of the server count as moderators, its admins and owners as owners, unless the row says that one must be in the room; private rooms and direct conversations are their members' alone. To everyone else a private room looks as if it were not there.

| | public rooms | private rooms | direct conversations | |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

On the server the roles are owner, admin, moderator, member and guest; each may do what those below it may, from the one that is named.

| | from | |
| --- | --- | --- |
${serverRows.join('\n')}
`
}

function besides({ inside, below, besides: more }: Permission): string {
  const parts = [
    ...(inside ? ['only those who are in it'] : []),
    ...(below ? ['only those whose role in the room is lower'] : []),
    ...(more === undefined ? [] : [more]),
  ]
  return parts.join('; ')
}
