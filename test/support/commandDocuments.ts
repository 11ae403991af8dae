// The mutation of every command, with what a test wants to know of its answer.

import type { CommandName } from './history.ts'

const errorFields = '__typename ... on Error { code detail field }'

const answers: { readonly [C in CommandName]: string } = {
  archiveRoom: 'position',
  changePassword: 'position',
  claimGuest: 'position user { id }',
  createGuest: 'position token user { id }',
  createRoom: 'position room { id }',
  declineInvitation: 'position',
  deleteMessage: 'position',
  editMessage: 'position',
  endSession: 'position',
  inviteToRoom: 'position',
  joinRoom: 'position',
  leaveRoom: 'position',
  login: 'position token',
  logout: 'position',
  logoutEverywhere: 'position',
  markRead: 'position number',
  openDM: 'position conversation { id }',
  register: 'position token user { id }',
  removeMember: 'position',
  sendDM: 'position duplicate message { id number revision } conversation { id }',
  sendMessage: 'position duplicate message { id number revision }',
  setMemberRole: 'position',
  setPresence: 'position',
  unarchiveRoom: 'position',
  updateProfile: 'position',
  updateRoom: 'position',
}

const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)

/** These have no input. */
const bare: ReadonlySet<CommandName> = new Set(['logout', 'logoutEverywhere'])

/** A document whose only field is this command. */
export function documentOf(command: CommandName): string {
  const payload = command === 'logoutEverywhere' || command === 'endSession' ? 'Logout' : capital(command)
  const fields = `${errorFields} ... on ${payload}Payload { ${answers[command]} }`
  return bare.has(command)
    ? `mutation { ${command} { ${fields} } }`
    : `mutation ($input: ${capital(command)}Input!) { ${command}(input: $input) { ${fields} } }`
}
