// `parley doctor`: looks at the machine, the stores and the settings, and says what to do.

import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import type { Config, Loaded } from '../config.ts'
import { type Finding, ok, problem } from '../doctor/finding.ts'
import { callMethod } from './call.ts'
import { CliFailure } from './exit.ts'
import { data } from './output.ts'
import { settingsFor } from './settings.ts'
import { type FolderOptions, folderVerb } from './verb.ts'

export const doctorVerb = (): Command =>
  folderVerb('doctor', {
    description:
      'look at the machine, the stores and the settings, and say what to do; exit code 1 where something is wrong',
    examples: ['parley doctor', 'parley doctor --data /var/lib/parley --json'],
  }).action(doctor)

async function doctor({ json, ...flags }: FolderOptions): Promise<void> {
  const findings = await look(flags)
  if (json) await data(JSON.stringify({ findings }))
  else await data(findings.map(line).join('\n'))
  const wrong = findings.filter(({ level }) => level === 'problem').length
  if (wrong > 0) throw new CliFailure(`${wrong} ${wrong === 1 ? 'problem' : 'problems'}: what to do stands above.`)
}

async function look(flags: Omit<FolderOptions, 'json'>): Promise<readonly Finding[]> {
  const machine = await import('../doctor/machine.ts')
  const findings: Finding[] = [...machine.lookAtNode(), machine.lookAtOpenFiles()]
  const loaded = await settingsOrProblems(flags)
  // Without settings it is not known where the folder is.
  if (!('config' in loaded)) return [...findings, machine.lookAtClock(Date.now(), undefined), ...loaded]
  const { config } = loaded
  const folder = machine.lookAtFolder(config.data)
  findings.push(...folder)
  const stores = folder.some(({ what, level }) => what === 'data folder' && level === 'problem')
    ? { findings: [] }
    : await lookAtStores(config)
  findings.push(machine.lookAtClock(Date.now(), stores.newest), ...stores.findings)
  const { lookAtSettings } = await import('../doctor/settings.ts')
  return [...findings, ...lookAtSettings(loaded), ...(await lookAtAllowlist(config))]
}

async function settingsOrProblems(flags: Omit<FolderOptions, 'json'>): Promise<Loaded | readonly Finding[]> {
  const { ConfigError } = await import('../config.ts')
  try {
    return await settingsFor(flags)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((sentence) =>
      problem('settings', sentence, 'Correct it: the server does not start with it.'),
    )
  }
}

interface StoresFound {
  readonly findings: readonly Finding[]
  readonly newest?: string | undefined
}

/** Asks the server that runs on the folder, or opens it where none does. */
async function lookAtStores(config: Config): Promise<StoresFound> {
  if (!existsSync(path.join(config.data, 'log.db')))
    return { findings: [ok('server', 'none runs'), ok('log', 'none yet: it is made at the first start')] }
  const { damageIn } = await import('../engines.ts')
  const files = (await damageIn(config)).map(({ file, damage, advice }) =>
    damage === undefined ? ok('file', `${file} is whole`) : problem('file', `${file} is damaged: ${damage}`, advice),
  )
  // Opening a damaged file would fail too, with less to say.
  if (files.some(({ level }) => level === 'problem')) return { findings: files }
  try {
    const { storesLook } = await import('./methods.ts')
    const { pid, newest, findings } = storesLook.parse(await callMethod({ config, method: 'doctor.look' }))
    const server = ok('server', pid === process.pid ? 'none runs' : `it runs, as process ${pid}`)
    return { newest, findings: [server, ...files, ...findings.map(finding)] }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    const advice = 'Do as it says; if a server hangs, end its process and start it again.'
    return { findings: [...files, problem('server', sentence, advice)] }
  }
}

/** As it came over the socket: what is undefined there is absent here. */
const finding = ({ level, what, detail, advice }: { [key in keyof Finding]: Finding[key] | undefined }): Finding => ({
  level: level ?? 'ok',
  what: what ?? '',
  detail: detail ?? '',
  ...(advice === undefined ? {} : { advice }),
})

async function lookAtAllowlist({ documentAllowlist }: Config): Promise<readonly Finding[]> {
  if (documentAllowlist === undefined) return []
  const { problemsOfAllowlist } = await import('./allowlist.ts')
  const problems = await problemsOfAllowlist(documentAllowlist)
  if (problems.length === 0) return [ok('allowed documents', documentAllowlist)]
  return problems.map((sentence) =>
    problem('allowed documents', sentence, 'Correct it: the server does not start with it.'),
  )
}

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' }

const line = ({ level, what, detail, advice }: Finding): string =>
  `${marks[level]}  ${what}: ${detail}${advice === undefined ? '' : `\n         -> ${advice}`}`
