import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError, type LoadOptions, loadConfig } from './config.ts'
import { about, settingNames, variableOf } from './settings.ts'
import { envExample, settingsReference } from './settingsText.ts'

const folder = (file?: unknown): string => {
  const data = mkdtempSync(path.join(tmpdir(), 'parley-config-'))
  if (file !== undefined)
    writeFileSync(path.join(data, 'parley.json'), typeof file === 'string' ? file : JSON.stringify(file))
  return data
}

const load = (options: Partial<LoadOptions> = {}) => loadConfig({ env: {}, cwd: '/nowhere', ...options })

function problemsOf(options: Partial<LoadOptions>): readonly string[] {
  try {
    load(options)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('without anything said, the defaults hold', () => {
  const { config, sources, warnings } = load()
  expect(config).toEqual({
    host: '127.0.0.1',
    port: 4000,
    data: '/nowhere/data',
    eventstore: 'sqlite',
    documents: 'sqlite',
    streamPrefix: 'parley.',
    bus: 'local',
    files: '/nowhere/data/files',
    origins: [],
    rooms: ['General'],
    registration: 'open',
    guests: true,
    broadcast: 'moderators',
    logLevel: 'info',
    graphiql: true,
    introspection: true,
    messageLength: 8000,
    attachmentBytes: 26_214_400,
    trustProxy: false,
    rateLimits: true,
    sessionDays: 30,
    metrics: 'local',
  })
  expect(Object.keys(sources)).toEqual(settingNames)
  expect(sources.port).toEqual({ from: 'default', name: 'default' })
  expect(warnings).toEqual([])
})

test('a flag wins over the environment, that over the file, that over the default', () => {
  const data = folder({ port: 1, sessionDays: 2, messageLength: 3, host: 'file.test' })
  const env = { PARLEY_DATA: data, PARLEY_PORT: '4', PARLEY_SESSION_DAYS: '5' }
  const { config, sources } = load({ env, flags: { port: '6', host: undefined } })
  expect([config.port, config.sessionDays, config.messageLength, config.host]).toEqual([6, 5, 3, 'file.test'])
  expect(sources.port).toEqual({ from: 'flag', name: '--port' })
  expect(sources.sessionDays).toEqual({ from: 'environment', name: 'PARLEY_SESSION_DAYS' })
  expect(sources.messageLength.from).toBe('file')
  expect(load({ env, flags: { data: '/elsewhere' } }).config).toMatchObject({
    data: '/elsewhere',
    sessionDays: 5,
    messageLength: 8000,
  })
})

test('the file may use numbers, truth values and lists', () => {
  const data = folder({
    guests: false,
    rooms: ['One', 'Two'],
    origins: 'https://a.test, https://b.test:8443',
    logFormat: 'json',
  })
  expect(load({ flags: { data } }).config).toMatchObject({
    guests: false,
    rooms: ['One', 'Two'],
    origins: ['https://a.test', 'https://b.test:8443'],
    logFormat: 'json',
  })
})

test('an empty variable counts as not set, but for the rooms', () => {
  const { config } = load({ env: { PARLEY_PORT: '', PARLEY_LOG_FILE: '', PARLEY_ROOMS: '' } })
  expect(config.port).toBe(4000)
  expect(config.logFile).toBeUndefined()
  expect(config.rooms).toEqual([])
})

test('everything that is wrong is said at once, each under the name by which it was given', () => {
  const data = folder({ prot: 1, sessionDays: 'many' })
  const problems = problemsOf({
    flags: { data, port: '70000' },
    env: {
      PARLEY_REGISTRATION: 'invite',
      PARLEY_EVENTSTORE: 'esdb://user:secret@host?tls=false',
      PARLEY_GUESTS: 'maybe',
    },
  })
  expect(problems).toHaveLength(6)
  expect(problems).toEqual(
    expect.arrayContaining([
      '--port must be at most 65535.',
      `${path.join(data, 'parley.json')} has "prot", which is no setting. Did you mean port?`,
      expect.stringMatching(/^sessionDays in .* must be a whole number from 1 to 3650 days\.$/),
      'PARLEY_REGISTRATION cannot be invite until there are invitation links; use open or closed.',
      expect.stringMatching(/^PARLEY_EVENTSTORE has a name and password, and tls=false: .*\.$/),
      'PARLEY_GUESTS must be on or off.',
    ]),
  )
  expect(problems.join('\n')).not.toContain('secret@')
})

test.each([
  ['PARLEY_DOCUMENTS', 'postgres://localhost', 'begins with postgres://, which is not known here: write sqlite'],
  ['PARLEY_DOCUMENTS', 'mongodb://', 'has no host'],
  ['PARLEY_BUS', 'redis', 'must be local, or an address like redis://host:6379'],
  ['PARLEY_BUS', 'redis://localhost', 'the log is in the data folder, which one node has to itself'],
  ['PARLEY_STREAM_PREFIX', 'a-b', 'may have letters, digits, dots and underscores'],
  ['PARLEY_FILES', 's3://bucket', 'not available in this version'],
  ['PARLEY_EVENTSTORE', 'sqllite', 'must be sqlite'],
  ['PARLEY_ORIGINS', '*, https://a.test', '* and single origins'],
  ['PARLEY_ORIGINS', 'https://a.test/path', 'is no origin'],
  ['PARLEY_PUBLIC_URL', 'chat.example.org', 'must be a web address'],
  ['PARLEY_ROOMS', 'Lobby,lobby', 'names a room twice'],
  ['PARLEY_ROOMS', 'x'.repeat(81), 'longer than 80'],
  ['PARLEY_LOG_LEVEL', 'loud', 'must be one of trace, debug'],
  ['PARLEY_MESSAGE_LENGTH', '0', 'must be at least 1'],
  ['PARLEY_PORT', '4e3', 'must be a whole number'],
  ['PARLEY_EVENTSTORE_FILE', '/nowhere/at/all', 'cannot be read'],
])('%s=%s is refused', (variable, value, sentence) => {
  const problems = problemsOf({ env: { [variable]: value } })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(variable)
  expect(problems[0]).toContain(sentence)
})

const cluster = {
  PARLEY_EVENTSTORE: 'esdb://log.test:2113?tls=false',
  PARLEY_DOCUMENTS: 'mongodb://models.test/?replicaSet=rs0',
  PARLEY_BUS: 'redis://bus.test',
}

test('the engines of a cluster are named by their addresses, and an address with a password may lie in a file', () => {
  const { config, warnings } = load({ env: cluster })
  expect([config.eventstore, config.documents, config.bus]).toEqual(Object.values(cluster))
  expect(warnings).toEqual([])
  const secret = path.join(folder(), 'eventstore')
  writeFileSync(secret, 'esdb://admin:changeit@log.test:2113\n')
  const { PARLEY_EVENTSTORE: _, ...others } = cluster
  expect(load({ env: { ...others, PARLEY_EVENTSTORE_FILE: secret } }).config.eventstore).toBe(
    'esdb://admin:changeit@log.test:2113',
  )
})

test('log and read models are chosen separately; a bus between nodes needs servers for both', () => {
  const { PARLEY_BUS, PARLEY_EVENTSTORE, PARLEY_DOCUMENTS } = cluster
  expect(load({ env: { PARLEY_DOCUMENTS } }).warnings).toEqual([])
  expect(load({ env: { PARLEY_EVENTSTORE } }).warnings).toEqual([])
  expect(problemsOf({ env: { PARLEY_EVENTSTORE, PARLEY_BUS } })).toEqual([
    'PARLEY_BUS connects several nodes, but the read models are in the data folder, which one node has to itself. Leave it at local, or give the address of a server in PARLEY_DOCUMENTS too.',
  ])
  expect(load({ env: { PARLEY_EVENTSTORE, PARLEY_DOCUMENTS } }).warnings).toEqual([
    expect.stringContaining('who types is seen on one node only'),
  ])
})

test('an unknown variable is a warning with a suggestion; what the examples read is not', () => {
  const ofExamples = { PARLEY_URL: 'u', PARLEY_TOKEN: 'x', PARLEY_ROOM: 'r', PARLEY_CURSORS: 'c' }
  const env = { PARLEY_PROT: '1', ...ofExamples, PARLEY_TEST_SEED: '1', OTHER: 'z' }
  expect(load({ env }).warnings).toEqual(['PARLEY_PROT is no setting and does nothing. Did you mean PARLEY_PORT?'])
})

test('a secret can be in a file, but not in two places', () => {
  const file = path.join(folder(), 'secret')
  writeFileSync(file, 'sqlite\n')
  expect(load({ env: { PARLEY_EVENTSTORE_FILE: file } }).sources.eventstore.name).toBe('PARLEY_EVENTSTORE_FILE')
  expect(problemsOf({ env: { PARLEY_EVENTSTORE_FILE: file, PARLEY_EVENTSTORE: 'sqlite' } })).toEqual([
    'PARLEY_EVENTSTORE and PARLEY_EVENTSTORE_FILE are both set. Keep one of them.',
  ])
})

test('settings that contradict each other are refused', () => {
  expect(load({ env: { PARLEY_INTROSPECTION: 'off' } }).config.graphiql).toBe(false)
  expect(problemsOf({ env: { PARLEY_INTROSPECTION: 'off', PARLEY_GRAPHIQL: 'on' } })).toEqual([
    expect.stringContaining('GraphiQL needs introspection'),
  ])
  const list = { PARLEY_DOCUMENT_ALLOWLIST: 'documents.json' }
  expect(load({ env: list }).config).toMatchObject({
    documentAllowlist: '/nowhere/documents.json',
    introspection: false,
    graphiql: false,
  })
  expect(problemsOf({ env: { ...list, PARLEY_INTROSPECTION: 'off', PARLEY_GRAPHIQL: 'off' } })).toEqual([])
  for (const variable of ['PARLEY_GRAPHIQL', 'PARLEY_INTROSPECTION'])
    expect(problemsOf({ env: { ...list, [variable]: 'on' } })).toEqual([
      `${variable} is on, but with PARLEY_DOCUMENT_ALLOWLIST only listed documents are carried out. Leave one of them out.`,
    ])
})

test.each([
  ['{"port": }', 'is not JSON'],
  ['[1]', 'must hold one JSON object'],
  ['{"data": "x"}', 'lies in it'],
])('the file %s is refused', (content, sentence) => {
  expect(problemsOf({ flags: { data: folder(content) } })).toEqual([expect.stringContaining(sentence)])
})

test('every default that is shown is one that is accepted, and every setting is documented', () => {
  for (const name of settingNames) {
    const { default: value } = about(name)
    if (value !== undefined) expect(load({ flags: { [name]: value } }).config[name]).toEqual(load().config[name])
    expect(envExample()).toContain(`\n#${variableOf(name)}=${value ?? ''}\n`)
    expect(settingsReference()).toContain(`| \`${variableOf(name)}\``)
  }
})
