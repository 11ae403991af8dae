// `parley events`: the log as it is.

import { Command, Option } from 'commander'
import type { Config } from '../config.ts'
import { callMethod } from './call.ts'
import { eventLine } from './eventLine.ts'
import { eventStatsVerb } from './eventStats.ts'
import { interruption } from './interrupt.ts'
import type { EventsRead } from './methods.ts'
import { data } from './output.ts'
import { settingsFor } from './settings.ts'
import { count, type FolderOptions, folderVerb } from './verb.ts'

interface EventsOptions extends FolderOptions {
  readonly stream?: string
  readonly conversation?: string
  readonly type?: string
  readonly after?: string
  readonly limit?: number
}

export function eventsVerb(): Command {
  const cat = selecting('cat', {
    description: 'events that are in the log',
    examples: ['parley events cat --conversation general', 'parley events cat --type UserJoined --json'],
  })
    .option('--limit <n>', 'at most so many', count)
    .action((options: EventsOptions) => read(options, { follow: false }))
  const tail = selecting('tail', {
    description: 'events as they are appended to a running server’s log',
    examples: ['parley events tail', 'parley events tail --stream owner --json'],
  }).action((options: EventsOptions) => read(options, { follow: true }))
  return new Command('events')
    .description('the log')
    .helpCommand(false)
    .addCommand(cat)
    .addCommand(tail)
    .addCommand(eventStatsVerb())
}

const selecting = (name: string, options: Parameters<typeof folderVerb>[1]): Command =>
  folderVerb(name, options)
    .addOption(new Option('--stream <name>', 'of one stream, such as room-…').conflicts('conversation'))
    .option('--conversation <id>', 'of one conversation: its id or slug')
    .option('--type <type>', 'of one type, such as MessageSent')
    .option('--after <place>', 'only after this position; with a stream or conversation, a revision')

async function read(
  { json, data: folder, ...selection }: EventsOptions,
  { follow }: { readonly follow: boolean },
): Promise<void> {
  const { config } = await settingsFor(folder === undefined ? {} : { data: folder })
  const { eventPage } = await import('./methods.ts')
  const write = async (page: unknown) => {
    for (const event of eventPage.parse(page).events) await data(json ? JSON.stringify(event) : eventLine(event))
  }
  const params: EventsRead = { ...selection, ...(follow ? { follow } : {}) }
  await readUntilStopped({ config, params, write })
}

interface Reading {
  readonly config: Config
  readonly params: EventsRead
  readonly write: (page: unknown) => Promise<void>
}

/** Ctrl-C is how following ends, so it is no failure. */
async function readUntilStopped({ config, params, write }: Reading): Promise<void> {
  const signal = interruption()
  const onlyRunning = params.follow === true
  try {
    await callMethod({ config, method: 'events.read', params, onProgress: write, signal, onlyRunning })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
