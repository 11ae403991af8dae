// `parley room`: the rooms, for whoever runs the server.

import { Command } from 'commander'
import type { z } from 'zod'
import { callMethod } from './call.ts'
import { CliFailure, exit } from './exit.ts'
import { data } from './output.ts'
import type { roomList } from './roomAnswers.ts'
import { settingsFor } from './settings.ts'
import { table } from './table.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export function roomsVerb(): Command {
  const create = folderVerb('create', {
    description: 'make a public room without members, which everyone may join; prints its id',
    examples: ['parley room create "Tea Time"', 'parley room create Announcements --slug news --topic "What is new"'],
  })
    .argument('<name>', 'what it is called')
    .option('--slug <slug>', 'what stands in addresses; made of the name unless said')
    .option('--topic <text>', 'what it is about')
    .action(createRoom)
  const list = folderVerb('list', {
    description: 'the public rooms, by name',
    examples: ['parley room list', 'parley room list --all --json'],
  })
    .option('--all', 'private and archived ones too')
    .action(listRooms)
  return new Command('room').description('the rooms').helpCommand(false).addCommand(create).addCommand(list)
}

interface CreateOptions extends FolderOptions {
  readonly slug?: string
  readonly topic?: string
}

async function createRoom(name: string, { json, data: folder, ...more }: CreateOptions): Promise<void> {
  const { config } = await settingsFor(folder === undefined ? {} : { data: folder })
  const { roomAnswer } = await import('./roomAnswers.ts')
  const answer = roomAnswer.parse(await callMethod({ config, method: 'rooms.create', params: { name, ...more } }))
  if ('refused' in answer) {
    const { code, detail } = answer.refused
    throw new CliFailure(detail, code === 'BAD_INPUT' || code === 'TOO_LARGE' ? exit.wrongUse : exit.failed)
  }
  const { room } = answer
  await data(json ? JSON.stringify({ room }) : `${room.id}  ${room.slug}`)
}

type Listed = z.output<typeof roomList>['rooms'][number]

async function listRooms({ json, data: folder, all }: FolderOptions & { readonly all?: boolean }): Promise<void> {
  const { config } = await settingsFor(folder === undefined ? {} : { data: folder })
  const { roomList } = await import('./roomAnswers.ts')
  const rooms: Listed[] = []
  for (let more = true; more; ) {
    const params = { all: all === true, skip: rooms.length }
    const page = roomList.parse(await callMethod({ config, method: 'rooms.list', params }))
    rooms.push(...page.rooms)
    more = page.more
  }
  if (json) return await data(JSON.stringify({ rooms }))
  const lines = table<Listed>(rooms, [
    { title: 'name', cell: ({ name }) => name },
    { title: 'slug', cell: ({ slug }) => slug ?? '-' },
    ...(all ? [{ title: 'kind', cell: kind }] : []),
    { title: 'members', cell: ({ members }) => members },
    { title: 'messages', cell: ({ messages }) => messages },
    { title: 'last active', cell: ({ activeAt }) => activeAt },
    { title: 'id', cell: ({ id }) => id },
  ])
  await data(lines.join('\n'))
}

const kind = ({ visibility, archived }: Listed): string => `${visibility.toLowerCase()}${archived ? ', archived' : ''}`
