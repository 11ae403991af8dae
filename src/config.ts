// What the server was told, from four places: defaults < parley.json in the data folder < environment < flags.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { about, type SettingName, type Settings, settingNames, settings, variableOf } from './settings.ts'
import { suggestion } from './suggestion.ts'

/** All settings. `data`, `logFile`, `files` and `documentAllowlist` are absolute paths; `origins` is empty for the same origin only. */
export type Config = Omit<Settings, 'files'> & { readonly files: string }

/** Where a value comes from, and how it is called there: `PARLEY_PORT`, `--port`, the path of the file. */
export interface Source {
  readonly from: 'default' | 'file' | 'environment' | 'flag'
  readonly name: string
}

export interface Loaded {
  readonly config: Config
  readonly sources: Readonly<Record<SettingName, Source>>
  /** Sentences for people: nothing is wrong, but something may not be meant. */
  readonly warnings: readonly string[]
}

/** The settings are wrong. Lists everything that is, each with what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  /** As of `Loaded`, as far as they were found. */
  readonly warnings: readonly string[]
  constructor(problems: readonly string[], warnings: readonly string[] = []) {
    super(
      problems.length === 1
        ? String(problems[0])
        : `${problems.length} settings are wrong:\n- ${problems.join('\n- ')}`,
    )
    this.problems = problems
    this.warnings = warnings
  }
}

export interface LoadOptions {
  /** By the setting's name; undefined where the flag was not given. */
  readonly flags?: { readonly [name in SettingName]?: string | undefined }
  readonly env: { readonly [name: string]: string | undefined }
  /** What relative paths are relative to. */
  readonly cwd: string
}

interface Given {
  readonly value: unknown
  readonly source: Source
}

/** Variables that the examples read. */
const otherVariables: ReadonlySet<string> = new Set(['PARLEY_URL', 'PARLEY_TOKEN', 'PARLEY_ROOM', 'PARLEY_CURSORS'])

/**
 * Reads all settings. A relative `data` is made absolute, and so are the paths of files.
 *
 * @throws {ConfigError} with all problems at once
 */
export function loadConfig({ flags = {}, env, cwd }: LoadOptions): Loaded {
  const problems: string[] = []
  const warnings: string[] = []
  const fromFlags = readFlags(flags)
  const fromEnvironment = readEnvironment({ env, cwd, problems, warnings })
  const data = path.resolve(
    cwd,
    String((fromFlags.get('data') ?? fromEnvironment.get('data'))?.value ?? about('data').default),
  )
  const fromFile = readFile(path.join(data, 'parley.json'), problems)

  const given = new Map<SettingName, Given>([...fromFile, ...fromEnvironment, ...fromFlags])
  const parsed = settings.safeParse(Object.fromEntries([...given].map(([name, { value }]) => [name, value])))
  for (const issue of parsed.error?.issues ?? []) {
    const name = settingNames.find((known) => known === issue.path[0])
    const called = (name && given.get(name)?.source.name) ?? String(issue.path[0])
    problems.push(`${called} ${issue.message}.`.replace(/\.\.$/, '.'))
  }
  if (!parsed.success) throw new ConfigError(problems, warnings)

  const value = parsed.data
  if (value.documentAllowlist !== undefined)
    for (const name of ['graphiql', 'introspection'] as const)
      if (given.has(name) && value[name])
        problems.push(
          `${given.get(name)?.source.name} is on, but with ${given.get('documentAllowlist')?.source.name} only listed documents are carried out. Leave one of them out.`,
        )
  const introspection = value.introspection && value.documentAllowlist === undefined
  if (value.graphiql && !value.introspection) {
    const asked = given.get('graphiql')
    if (asked)
      problems.push(
        `${asked.source.name} is on, but GraphiQL needs introspection, which is off. Switch both on or both off.`,
      )
  }
  problems.push(...contradictions(value, (name) => given.get(name)?.source.name ?? variableOf(name)))
  if (problems.length > 0) throw new ConfigError(problems, warnings)
  if (severalNodes(value) && value.bus === 'local')
    warnings.push(
      'Several nodes can share this log and these read models, but PARLEY_BUS is local: who types is seen on one node only. Give the address of a Redis, if there are several.',
    )

  const absolute = (file: string) => path.resolve(cwd, file)
  const config: Config = {
    ...value,
    data,
    introspection,
    graphiql: value.graphiql && introspection,
    files: value.files === undefined ? path.join(data, 'files') : absolute(value.files),
    ...(value.logFile === undefined ? {} : { logFile: absolute(value.logFile) }),
    ...(value.documentAllowlist === undefined ? {} : { documentAllowlist: absolute(value.documentAllowlist) }),
  }
  const sources = settingNames.map((name) => [name, given.get(name)?.source ?? { from: 'default', name: 'default' }])
  // `fromEntries` forgets the keys; they are all of `settingNames`.
  return { config, sources: Object.fromEntries(sources) as Record<SettingName, Source>, warnings }
}

/** Whether the log and the read models can be shared with other nodes. */
export const severalNodes = ({ eventstore, documents }: Pick<Settings, 'eventstore' | 'documents'>): boolean =>
  eventstore !== 'sqlite' && documents !== 'sqlite'

/** What cannot be meant together. `named`: how a setting was given. */
function contradictions(value: Settings, named: (name: SettingName) => string): readonly string[] {
  if (value.bus === 'local' || severalNodes(value)) return []
  const kept = value.eventstore === 'sqlite' ? 'log is' : 'read models are'
  const setting = value.eventstore === 'sqlite' ? 'PARLEY_EVENTSTORE' : 'PARLEY_DOCUMENTS'
  return [
    `${named('bus')} connects several nodes, but the ${kept} in the data folder, which one node has to itself. Leave it at local, or give the address of a server in ${setting} too.`,
  ]
}

function readFlags(flags: NonNullable<LoadOptions['flags']>): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>()
  for (const name of settingNames) {
    const value = flags[name]
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    if (value !== undefined) given.set(name, { value, source: { from: 'flag', name: flag } })
  }
  return given
}

function readEnvironment({
  env,
  cwd,
  problems,
  warnings,
}: Pick<LoadOptions, 'env' | 'cwd'> & { problems: string[]; warnings: string[] }): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>()
  const known = new Set<string>()
  for (const name of settingNames) {
    const variable = variableOf(name)
    known.add(variable)
    const text = env[variable]
    // An empty variable is what is left where a script had nothing to put into it.
    const value = text === '' && !about(name).mayBeEmpty ? undefined : text
    if (value !== undefined) given.set(name, { value, source: { from: 'environment', name: variable } })
    if (!about(name).secret) continue
    const fileVariable = `${variable}_FILE`
    known.add(fileVariable)
    const file = env[fileVariable]
    if (file === undefined || file === '') continue
    if (value !== undefined) problems.push(`${variable} and ${fileVariable} are both set. Keep one of them.`)
    try {
      const secret = readFileSync(path.resolve(cwd, file), 'utf8').replace(/\r?\n$/, '')
      given.set(name, { value: secret, source: { from: 'environment', name: fileVariable } })
    } catch (error) {
      problems.push(
        `${fileVariable} names a file that cannot be read (${reasonOf(error)}). Correct the path or its rights.`,
      )
    }
  }
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('PARLEY_') || known.has(variable)) continue
    if (otherVariables.has(variable) || variable.startsWith('PARLEY_TEST_')) continue
    warnings.push(`${variable} is no setting and does nothing.${didYouMean(variable, [...known])}`)
  }
  return given
}

function readFile(file: string, problems: string[]): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>()
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    if (!absent) problems.push(`${file} cannot be read (${reasonOf(error)}). Correct its rights.`)
    return given
  }
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    problems.push(`${file} is not JSON: ${reasonOf(error)}. Correct it, or remove the file.`)
    return given
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`${file} must hold one JSON object, like {"port": 5000}.`)
    return given
  }
  for (const [key, value] of Object.entries(content)) {
    const name = settingNames.find((known) => known === key)
    if (name === undefined)
      problems.push(`${file} has ${JSON.stringify(key)}, which is no setting.${didYouMean(key, settingNames)}`)
    else if (name === 'data')
      problems.push(`${file} cannot say where the data folder is, because it lies in it. Use PARLEY_DATA or --data.`)
    else given.set(name, { value, source: { from: 'file', name: `${key} in ${file}` } })
  }
  return given
}

function didYouMean(written: string, names: readonly string[]): string {
  const near = suggestion(written, names)
  return near === undefined ? ' Remove it.' : ` Did you mean ${near}?`
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
