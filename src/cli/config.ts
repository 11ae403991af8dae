// `parley config`: what the settings are and where each comes from, and whether a server would start with them.

import { Command } from 'commander'
import type { Loaded } from '../config.ts'
import type { SettingName } from '../settings.ts'
import { data, talk } from './output.ts'
import { settingsFor } from './settings.ts'
import { table } from './table.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export function configVerb(): Command {
  const print = folderVerb('print', {
    description: 'each setting, its value and where it comes from; secrets are hidden',
    examples: ['parley config print', 'PARLEY_PORT=5000 parley config print --json'],
  }).action(printSettings)
  const check = folderVerb('check', {
    description: 'everything that is wrong with the settings, at once; exit code 2 where something is',
    examples: ['parley config check', 'parley config check --data /var/lib/parley --json'],
  }).action(checkSettings)
  return new Command('config').description('the settings').helpCommand(false).addCommand(print).addCommand(check)
}

interface Row {
  readonly setting: SettingName
  readonly variable: string
  readonly value: unknown
  readonly from: string
  /** How it is called there. */
  readonly source: string
}

async function printSettings({ json, ...flags }: FolderOptions): Promise<void> {
  const loaded = await settingsFor(flags)
  const rows = await rowsOf(loaded)
  if (json) return await data(JSON.stringify({ settings: rows, warnings: loaded.warnings }))
  for (const warning of loaded.warnings) talk(warning)
  const lines = table<Row>(rows, [
    { title: 'setting', cell: ({ variable }) => variable },
    { title: 'value', cell: ({ value }) => shown(value) },
    { title: 'from', cell: ({ from, source }) => (from === 'default' ? from : source) },
  ])
  await data(lines.join('\n'))
}

async function rowsOf({ config, sources }: Loaded): Promise<readonly Row[]> {
  const { about, settingNames, variableOf } = await import('../settings.ts')
  return settingNames.map((setting) => {
    const { from, name: source } = sources[setting]
    const hidden = about(setting).secret === true && from !== 'default'
    return {
      setting,
      variable: variableOf(setting),
      value: hidden ? '(hidden)' : (config[setting] ?? null),
      from,
      source,
    }
  })
}

function shown(value: unknown): string {
  if (value === null) return '-'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.join(', ') || '-' : String(value)
}

async function checkSettings({ json, ...flags }: FolderOptions): Promise<void> {
  const { ConfigError } = await import('../config.ts')
  let warnings: readonly string[] = []
  try {
    const loaded = await settingsFor(flags)
    warnings = loaded.warnings
    const { documentAllowlist } = loaded.config
    if (documentAllowlist !== undefined) {
      const { problemsOfAllowlist } = await import('./allowlist.ts')
      const problems = await problemsOfAllowlist(documentAllowlist)
      if (problems.length > 0) throw new ConfigError(problems, warnings)
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (json) await data(JSON.stringify({ problems: error.problems, warnings: error.warnings }))
    else for (const warning of error.warnings) talk(warning)
    throw error
  }
  if (json) return await data(JSON.stringify({ problems: [], warnings }))
  for (const warning of warnings) talk(warning)
  await data('The settings are right.')
}
