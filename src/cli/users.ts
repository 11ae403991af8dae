// `parley user`: the accounts, for whoever runs the server.

import { Argument, Command, Option } from 'commander'
import type { z } from 'zod'
import { callMethod } from './call.ts'
import { CliFailure, type Exit, exit } from './exit.ts'
import { data, talk } from './output.ts'
import { settingsFor } from './settings.ts'
import { table } from './table.ts'
import type { userAnswer, userList } from './userAnswers.ts'
import { count, type FolderOptions, folderVerb } from './verb.ts'

interface PasswordOptions extends FolderOptions {
  readonly generatePassword?: boolean
}

interface CreateOptions extends PasswordOptions {
  readonly role: string
  readonly displayName?: string
}

interface ListOptions extends FolderOptions {
  readonly query?: string
  readonly from?: string
  readonly limit: number
}

const roles = ['owner', 'admin', 'moderator', 'member']
const generate = ['--generate-password', 'make one, and print it this once'] as const
const who = ['<name>', 'a username, or an id'] as const

export function usersVerb(): Command {
  const create = folderVerb('create', {
    description: 'make an account; the password is asked for, or read from what is piped',
    examples: [
      'parley user create ada',
      'parley user create ada --role owner --generate-password',
      'pass show chat/ada | parley user create ada --display-name "Ada Lovelace"',
    ],
  })
    .argument('<name>', 'the username')
    .addOption(new Option('--role <role>', 'what it is on the server').choices(roles).default('member'))
    .option('--display-name <name>', 'what others see; the username unless said')
    .option(...generate)
    .action(createUser)
  const list = folderVerb('list', {
    description: 'the accounts, by name',
    examples: ['parley user list', 'parley user list --query ad --limit 10 --json'],
  })
    .option('--query <text>', 'only names that begin with it')
    .option('--from <name>', 'from this name on: the next page')
    .option('--limit <n>', 'at most so many, up to 1,000', count, 50)
    .action(listUsers)
  const disable = folderVerb('disable', {
    description: 'end all sessions of an account, and let it begin none',
    examples: ['parley user disable eve', 'parley user disable eve --reason "Spam."'],
  })
    .argument(...who)
    .option('--reason <text>', 'why; kept in the log')
    .action((user: string, options: FolderOptions & { readonly reason?: string }) =>
      change('users.disable', { user, reason: options.reason }, options, ({ username }) => `${username} is disabled.`),
    )
  const enable = folderVerb('enable', {
    description: 'let a disabled account sign in again',
    examples: ['parley user enable eve'],
  })
    .argument(...who)
    .action((user: string, options: FolderOptions) =>
      change('users.enable', { user }, options, ({ username }) => `${username} can sign in.`),
    )
  const reset = folderVerb('reset-password', {
    description: 'set a new password for somebody who has lost theirs; ends all their sessions',
    examples: ['parley user reset-password ada', 'parley user reset-password ada --generate-password --json'],
  })
    .argument(...who)
    .option(...generate)
    .action(resetPassword)
  const role = folderVerb('role', {
    description: 'change what an account is on the server',
    examples: ['parley user role ada admin', 'parley user role ada member --json'],
  })
    .argument(...who)
    .addArgument(new Argument('<role>').choices(roles))
    .action((user: string, wanted: string, options: FolderOptions) =>
      change('users.setRole', { user, role: wanted.toUpperCase() }, options, roleSentence),
    )
  const verb = new Command('user').description('the accounts').helpCommand(false)
  for (const child of [create, list, disable, enable, reset, role]) verb.addCommand(child)
  return verb
}

type ToldUser = Extract<z.output<typeof userAnswer>, { user: unknown }>['user']

const roleSentence = ({ username, serverRole }: ToldUser): string => `${username} is ${serverRole.toLowerCase()} now.`

async function createUser(username: string, { role, displayName, ...options }: CreateOptions): Promise<void> {
  const password = await newPassword(options)
  const params = { username, displayName, role: role.toUpperCase(), password }
  const shown = options.generatePassword === true ? password : undefined
  await change('users.create', params, options, (user) => `The account ${user.username} is made (${user.id}).`, shown)
}

async function resetPassword(user: string, options: PasswordOptions): Promise<void> {
  const password = await newPassword(options)
  const shown = options.generatePassword === true ? password : undefined
  const sentence = ({ username }: ToldUser) => `${username} has a new password, and is signed out everywhere.`
  await change('users.resetPassword', { user, password }, options, sentence, shown)
}

async function newPassword({ generatePassword }: PasswordOptions): Promise<string> {
  const { generatedPassword, readPassword } = await import('./password.ts')
  return generatePassword === true ? generatedPassword() : await readPassword()
}

async function listUsers({ json, data: folder, ...params }: ListOptions): Promise<void> {
  if (params.limit > 1_000) throw new CliFailure('--limit is 1,000 at most.', exit.wrongUse)
  const { config } = await settingsFor(folder === undefined ? {} : { data: folder })
  const answers = await import('./userAnswers.ts')
  const { users, next } = answers.userList.parse(await callMethod({ config, method: 'users.list', params }))
  if (json) return data(JSON.stringify({ users, next }))
  type Row = z.output<typeof userList>['users'][number]
  const lines = table<Row>(users, [
    { title: 'username', cell: (row) => row.username },
    { title: 'role', cell: (row) => row.serverRole.toLowerCase() },
    { title: 'disabled', cell: (row) => (row.disabled ? 'yes' : '') },
    { title: 'made', cell: (row) => row.createdAt },
    { title: 'display name', cell: (row) => row.displayName },
    { title: 'id', cell: (row) => row.id },
  ])
  await data(lines.join('\n'))
  if (next !== null) talk(`There are more: add --from ${next}`)
}

/** Carries out one command about one account, and says how the account is after it. */
async function change(
  method: string,
  params: object,
  { json, data: folder }: FolderOptions,
  sentence: (user: ToldUser) => string,
  password?: string,
): Promise<void> {
  const { config } = await settingsFor(folder === undefined ? {} : { data: folder })
  const answers = await import('./userAnswers.ts')
  const answer = answers.userAnswer.parse(await callMethod({ config, method, params }))
  if ('refused' in answer) throw new CliFailure(answer.refused.detail, exitOf(answer.refused.code))
  const { user, changed } = answer
  if (json) return data(JSON.stringify({ user, changed, ...(password === undefined ? undefined : { password }) }))
  talk(changed ? sentence(user) : `Nothing to do: ${sentence(user)}`)
  if (password === undefined) return
  talk('The password, shown this once:')
  await data(password)
}

function exitOf(code: string): Exit {
  switch (code) {
    case 'BAD_INPUT':
    case 'TOO_LARGE':
      return exit.wrongUse
    case 'FORBIDDEN':
      return exit.refused
    default:
      return exit.failed
  }
}
