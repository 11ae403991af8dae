// `parley events stats`: what the log holds.

import type { Command } from 'commander'
import { callMethod } from './call.ts'
import { CliFailure } from './exit.ts'
import { interruption } from './interrupt.ts'
import { data } from './output.ts'
import { settingsFor } from './settings.ts'
import { table } from './table.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export const eventStatsVerb = (): Command =>
  folderVerb('stats', {
    description: 'how many events there are, of which types and in which streams, how large, and since when',
    examples: ['parley events stats', 'parley events stats --json'],
  }).action(stats)

async function stats({ json, ...flags }: FolderOptions): Promise<void> {
  const { config } = await settingsFor(flags)
  const [{ Progress }, methods] = await Promise.all([import('./progress.ts'), import('./methods.ts')])
  const progress = new Progress({ title: 'Counting' })
  const onProgress = (reported: unknown): void => {
    const { done, total } = methods.projectionProgress.parse(reported)
    progress.update({ done, total })
  }
  const signal = interruption()
  try {
    const counted = methods.logStats.parse(await callMethod({ config, method: 'events.stats', onProgress, signal }))
    progress.stop()
    if (json) return await data(JSON.stringify(counted))
    const { events, bytes, first, last, types, categories } = counted
    const counts = [
      { title: 'events', cell: (row: { readonly events: number }) => row.events },
      { title: 'bytes', cell: (row: { readonly bytes: number }) => row.bytes },
    ]
    const numbers = [events, bytes].map((count) => count.toLocaleString('en-US'))
    await data(
      [
        `${numbers[0]} events, ${numbers[1]} bytes${first === undefined ? '' : `, from ${first} to ${last}`}`,
        '',
        ...table(types, [{ title: 'type', cell: (row) => row.type }, ...counts]),
        '',
        ...table(categories, [
          { title: 'category', cell: (row) => row.category },
          { title: 'streams', cell: (row) => row.streams },
          ...counts,
        ]),
      ].join('\n'),
    )
  } catch (error) {
    if (signal.aborted) throw new CliFailure('Counting was stopped before its end.')
    throw error
  } finally {
    progress.stop()
  }
}
