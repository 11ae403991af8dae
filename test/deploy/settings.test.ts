import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { about, settingNames, variableOf } from '../../src/settings.ts'
import { composeFile, imageEnvironment, madeSecrets, manifests, ownFolder, text } from './deployFiles.ts'
import { workloadOf } from './kubernetesShapes.ts'

const known = new Set(
  settingNames.flatMap((name) =>
    about(name).secret ? [variableOf(name), `${variableOf(name)}_FILE`] : variableOf(name),
  ),
)

const files = [
  'Dockerfile',
  'docker-compose.yml',
  'docker-compose.embedded.yml',
  'deploy/systemd/parley.service',
  'deploy/kubernetes/embedded.yaml',
  'deploy/kubernetes/cluster.yaml',
  'docs/guide/cluster.md',
]

test.for(files)('%s names no setting that is none', (file) => {
  const named = [...text(file).matchAll(/\bPARLEY_[A-Z][A-Z_]*[A-Z]\b/g)].map(([name]) => name)
  expect(named.filter((name) => !name.startsWith('PARLEY_TEST_') && name !== 'PARLEY_NAME')).not.toEqual([])
  for (const name of named)
    if (!name.startsWith('PARLEY_TEST_') && name !== 'PARLEY_NAME') expect.soft(known, file).toContain(name)
})

/** `${NAME:-otherwise}` as Compose fills it in where there is no NAME. */
const filledIn = (env: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]))

/** What a start with these variables would make of them. Settings only: a container has others too. */
function loaded(env: Readonly<Record<string, string | undefined>>) {
  const own = Object.entries(env).filter(([name]) => name.startsWith('PARLEY_'))
  return loadConfig({ env: { ...Object.fromEntries(own), PARLEY_DATA: ownFolder() }, cwd: ownFolder() })
}

/** The same variables, with the files that they name in another folder. */
const inFolder = (env: Readonly<Record<string, string>>, mounted: string, folder: string) =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      name.endsWith('_FILE') ? path.join(folder, path.relative(mounted, value)) : value,
    ]),
  )

test('what the image sets is accepted', () => {
  const env = imageEnvironment()
  expect(Object.keys(env)).toContain('PARLEY_DATA')
  const { config, warnings } = loaded(env)
  expect(warnings).toEqual([])
  expect(config).toMatchObject({ host: '0.0.0.0', port: 4000, eventstore: 'sqlite', logFormat: 'json' })
})

describe('what Docker Compose sets is accepted', () => {
  test('with the embedded engines', () => {
    const { parley } = composeFile('docker-compose.embedded.yml').services
    const { config, warnings } = loaded({ ...imageEnvironment(), ...filledIn(parley?.environment) })
    expect(warnings).toEqual([])
    expect(config).toMatchObject({ eventstore: 'sqlite', documents: 'sqlite', bus: 'local' })
  })

  test.for(['parley-1', 'parley-2'])('with the engines of a cluster (%s)', (name) => {
    const { services, secrets } = composeFile('docker-compose.yml')
    const { environment = {}, secrets: mounted = [] } = services[name] ?? {}
    const env = inFolder(filledIn(environment), '/run/secrets', madeSecrets())
    for (const variable of Object.keys(environment).filter((key) => key.endsWith('_FILE')))
      expect(mounted.map((secret) => `/run/secrets/${secret}`)).toContain(environment[variable])
    expect(Object.keys(secrets ?? {})).toEqual(expect.arrayContaining(mounted))
    const { config, warnings } = loaded({ ...imageEnvironment(), ...env })
    expect(warnings).toEqual([])
    expect(new URL(config.documents)).toMatchObject({ protocol: 'mongodb:', host: 'mongo:27017', username: 'parley' })
    expect(new URL(config.bus)).toMatchObject({ protocol: 'redis:', host: 'redis:6379' })
    expect(new URL(config.eventstore)).toMatchObject({ protocol: 'esdb:', host: 'eventstore:2113' })
    expect(config.trustProxy).toBe(true)
  })
})

describe('what Kubernetes sets is accepted', () => {
  test('with the embedded engines', () => {
    const { environment } = workloadOf(manifests('deploy/kubernetes/embedded.yaml'))
    const { config, warnings } = loaded({ ...imageEnvironment(), ...environment })
    expect(warnings).toEqual([])
    expect(config).toMatchObject({ eventstore: 'sqlite', documents: 'sqlite', trustProxy: true })
  })

  test('with the engines of a cluster, and the addresses as its comment makes them', () => {
    const file = 'deploy/kubernetes/cluster.yaml'
    const folder = ownFolder()
    for (const [, key = '', value = ''] of text(file).matchAll(/--from-literal=(\w+)='([^']+)'/g))
      writeFileSync(path.join(folder, key), value)
    const { environment } = workloadOf(manifests(file))
    const env = inFolder(environment, '/run/secrets/parley', folder)
    const { config, warnings } = loaded({ ...imageEnvironment(), ...env })
    expect(warnings).toEqual([])
    expect([config.eventstore, config.documents, config.bus].map((address) => new URL(address).protocol)).toEqual([
      'esdb:',
      'mongodb:',
      'rediss:',
    ])
  })
})

test('what systemd sets is accepted, with its commented lines and without', () => {
  const unit = text('deploy/systemd/parley.service')
  const variables = (from: string) =>
    Object.fromEntries([...from.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
  expect(loaded(variables(unit))).toMatchObject({ warnings: [], config: { eventstore: 'sqlite', logFormat: 'json' } })

  const secrets = ownFolder()
  const all = unit.replace(/^#(?=\w+=)/gm, '').replaceAll('%d', secrets)
  mkdirSync(secrets, { recursive: true })
  writeFileSync(path.join(secrets, 'eventstore'), 'esdb://parley:secret@log.test:2113')
  writeFileSync(path.join(secrets, 'documents'), 'mongodb://parley:secret@models.test/?replicaSet=rs0')
  writeFileSync(path.join(secrets, 'bus'), 'rediss://:secret@bus.test')
  expect([...all.matchAll(/^LoadCredential=(\w+):/gm)].map(([, name]) => name)).toEqual([
    'eventstore',
    'documents',
    'bus',
  ])
  expect(loaded(variables(all))).toMatchObject({ warnings: [], config: { bus: 'rediss://:secret@bus.test' } })
})
