// The mutation of every command, with what a test wants to know of its answer.

import type { CommandName } from './history.ts'

const errorFields = '__typename ... on Error { code detail field }'

const answers: { readonly [C in CommandName]: string } = {
  archiveRoom: 'position',
  createGuest: 'position token user { id }',
  createRoom: 'position room { id }',
  deleteMessage: 'position',
  editMessage: 'position',
  joinRoom: 'position',
  leaveRoom: 'position',
  login: 'position token',
  logout: 'position',
  markRead: 'position number',
  removeMember: 'position',
  sendMessage: 'position duplicate message { id number revision }',
  setMemberRole: 'position',
  unarchiveRoom: 'position',
  updateProfile: 'position',
  updateRoom: 'position',
}

const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)

/** A document whose only field is this command. */
export function documentOf(command: CommandName): string {
  const fields = `${errorFields} ... on ${capital(command)}Payload { ${answers[command]} }`
  return command === 'logout'
    ? `mutation { logout { ${fields} } }`
    : `mutation ($input: ${capital(command)}Input!) { ${command}(input: $input) { ${fields} } }`
}
