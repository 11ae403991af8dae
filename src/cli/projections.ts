// `parley projections`: look at the read models, make them anew, prove that they are right.

import { Command } from 'commander'
import type { z } from 'zod'
import { callMethod } from './call.ts'
import { CliFailure, exit } from './exit.ts'
import { interruption } from './interrupt.ts'
import type { ProjectionChoice, projectionList, rebuilt, verified } from './methods.ts'
import { data, talk } from './output.ts'
import { settingsFor } from './settings.ts'
import { table } from './table.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

interface ChoiceOptions extends FolderOptions {
  readonly all?: boolean
}

export function projectionsVerb(): Command {
  const list = folderVerb('list', {
    description: 'each read model, how far it is, and how big',
    examples: ['parley projections list', 'parley projections list --json'],
  }).action(listProjections)
  const rebuild = folderVerb('rebuild', {
    description: 'fill read models anew from the log; readers keep the old ones until the new ones are complete',
    examples: ['parley projections rebuild messages', 'parley projections rebuild --all'],
  })
    .argument('[name...]', 'which')
    .option('--all', 'all of them')
    .action(rebuildProjections)
  const verify = folderVerb('verify', {
    description: 'fold the log afresh and compare every document; exit code 5 where one differs',
    examples: ['parley projections verify rooms messages', 'parley projections verify --all --json'],
  })
    .argument('[name...]', 'which')
    .option('--all', 'all of them')
    .action(verifyProjections)
  return new Command('projections')
    .description('the read models')
    .helpCommand(false)
    .addCommand(list)
    .addCommand(rebuild)
    .addCommand(verify)
}

async function listProjections({ json, ...flags }: FolderOptions): Promise<void> {
  const { config } = await settingsFor(flags)
  const methods = await import('./methods.ts')
  const { projections } = methods.projectionList.parse(await callMethod({ config, method: 'projections.list' }))
  if (json) return data(JSON.stringify({ projections }))
  type Row = z.output<typeof projectionList>['projections'][number]
  const lines = table<Row>(projections, [
    { title: 'name', cell: (row) => row.name },
    { title: 'version', cell: (row) => row.version },
    { title: 'state', cell: (row) => row.state },
    { title: 'position', cell: (row) => row.position },
    { title: 'lag events', cell: (row) => row.lagEvents },
    { title: 'lag s', cell: (row) => row.lagSeconds },
    { title: 'documents', cell: (row) => row.documents },
    { title: 'parked', cell: (row) => row.parked },
  ])
  return data(lines.join('\n'))
}

async function rebuildProjections(names: readonly string[], options: ChoiceOptions): Promise<void> {
  const methods = await import('./methods.ts')
  const answer = await withProgress({ method: 'projections.rebuild', title: 'Rebuilding', names, options })
  const { projections } = methods.rebuilt.parse(answer)
  if (options.json) return data(JSON.stringify({ projections }))
  type Row = z.output<typeof rebuilt>['projections'][number]
  const lines = table<Row>(projections, [
    { title: 'name', cell: (row) => row.name },
    { title: 'events', cell: (row) => row.events },
    { title: 'documents', cell: (row) => row.documents },
    { title: 'seconds', cell: (row) => row.seconds },
  ])
  return data(lines.join('\n'))
}

async function verifyProjections(names: readonly string[], options: ChoiceOptions): Promise<void> {
  const methods = await import('./methods.ts')
  const answer = await withProgress({ method: 'projections.verify', title: 'Verifying', names, options })
  const { projections } = methods.verified.parse(answer)
  type Row = z.output<typeof verified>['projections'][number]
  if (options.json) await data(JSON.stringify({ projections }))
  else {
    const lines = table<Row>(projections, [
      { title: 'name', cell: (row) => row.name },
      { title: 'compared', cell: (row) => row.compared },
      { title: 'differences', cell: (row) => row.differences },
    ])
    await data(lines.join('\n'))
  }
  const wrong = projections.filter((projection) => projection.differences > 0)
  for (const { name, examples } of wrong) if (examples.length > 0) talk(`${name} differs at: ${examples.join(', ')}`)
  if (wrong.length > 0) {
    const which = wrong.map((projection) => projection.name).join(' ')
    throw new CliFailure(
      `Not what the log says. Make them anew with: parley projections rebuild ${which}`,
      exit.differences,
    )
  }
}

interface LongCall {
  readonly method: string
  readonly title: string
  readonly names: readonly string[]
  readonly options: ChoiceOptions
}

/** Calls what takes its time, with a bar on a terminal. */
async function withProgress({ method, title, names, options }: LongCall): Promise<unknown> {
  const params = choice(names, options.all === true)
  const { config } = await settingsFor(options.data === undefined ? {} : { data: options.data })
  const [{ Progress }, { projectionProgress }] = await Promise.all([import('./progress.ts'), import('./methods.ts')])
  const progress = new Progress({ title })
  const onProgress = (reported: unknown) => {
    const { done, total, what } = projectionProgress.parse(reported)
    progress.update({ done, total, ...(what === undefined ? {} : { what }) })
  }
  const signal = interruption()
  try {
    return await callMethod({ config, method, params, onProgress, signal })
  } catch (error) {
    if (signal.aborted) throw new CliFailure(`${title} was stopped before its end.`)
    throw error
  } finally {
    progress.stop()
  }
}

function choice(names: readonly string[], all: boolean): ProjectionChoice {
  if (all && names.length > 0) throw new CliFailure('Give either names or --all.', exit.wrongUse)
  if (!all && names.length === 0)
    throw new CliFailure(
      'Give the names of projections, or --all. `parley projections list` shows them.',
      exit.wrongUse,
    )
  return all ? { all: true } : { names }
}
