// `parley export`: the log into a file, from a running server or a stopped one.

import path from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config.ts'
import { callMethod } from './call.ts'
import { CliFailure, exit } from './exit.ts'
import { interruption } from './interrupt.ts'
import { expectLog } from './logThere.ts'
import { data, talk } from './output.ts'
import { settingsFor } from './settings.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export const exportVerb = (): Command =>
  folderVerb('export', {
    description:
      'the log into a file, as JSON lines; beside a running server too. The same command again goes on where the file ends',
    examples: ['parley export /var/backups/parley.jsonl', 'parley export chat.jsonl --data /var/lib/parley --json'],
  })
    .argument('<file>', 'made where it is not there; for its owner alone')
    .action(exportToFile)

async function exportToFile(name: string, { json, ...flags }: FolderOptions): Promise<void> {
  const { config } = await settingsFor(flags)
  const file = path.resolve(name)
  expectLog(config)
  const { exported, end } = await write(file, config)
  if (end.unreadable > 0)
    talk(
      `${end.unreadable} of the events are damaged in the log and went along without their contents: ${end.examples.join('; ')}${end.unreadable > end.examples.length ? ' …' : ''}`,
    )
  if (json) return await data(JSON.stringify({ file, ...exported, unreadable: end.unreadable }))
  const [events, bytes] = [exported.events, exported.bytes].map((count) => count.toLocaleString('en-US'))
  await data(`${events} events, ${bytes} bytes in ${file}`)
}

async function write(file: string, config: Config) {
  const [{ exportLog }, { Progress }, methods] = await Promise.all([
    import('../transfer/exporting.ts'),
    import('./progress.ts'),
    import('./methods.ts'),
  ])
  const signal = interruption()
  const progress = new Progress({ title: 'Exporting' })
  let end = { unreadable: 0, examples: [] as string[] }
  try {
    const exported = await exportLog({
      path: file,
      signal,
      read: async (after, take) => {
        const onProgress = async (told: unknown): Promise<void> => {
          const page = methods.logLines.safeParse(told)
          if (page.success) return await take(page.data.lines)
          const { done, total } = methods.projectionProgress.parse(told)
          progress.update({ done, total, what: 'events' })
        }
        const params = after === undefined ? {} : { after }
        end = methods.logLinesEnd.parse(await callMethod({ config, method: 'log.lines', params, onProgress, signal }))
      },
    })
    return { exported, end }
  } catch (error) {
    if (signal.aborted)
      throw new CliFailure(`The export was stopped. The same command goes on where ${file} ends.`, exit.failed)
    if (error instanceof Error && error.name === 'CannotTransfer') throw new CliFailure(error.message)
    throw error
  } finally {
    progress.stop()
  }
}
