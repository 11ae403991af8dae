import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { composeFile, installed, madeSecrets, root, text } from './deployFiles.ts'

const files = ['docker-compose.yml', 'docker-compose.embedded.yml']

/** The services that run Parley. */
const nodesOf = (file: string) => Object.values(composeFile(file).services).filter(({ build }) => build !== undefined)

describe.for(files)('%s', (file) => {
  test('is what Docker Compose takes', ({ skip }) => {
    skip(!installed('docker-compose', '--version'), 'docker-compose is not installed here')
    const { status, stderr } = spawnSync('docker-compose', ['--file', file, 'config', '--quiet'], {
      cwd: root,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('pins the version of every image, and names no registry', () => {
    for (const { image } of Object.values(composeFile(file).services))
      expect(image).toMatch(/^([a-z]+\/)?[a-z]+:\d+\.\d+(\.\d+)?$/)
  })

  test('waits for what can be waited for', () => {
    const { services } = composeFile(file)
    for (const [name, { depends_on: awaited = {} }] of Object.entries(services))
      for (const [other, { condition }] of Object.entries(awaited)) {
        const target = services[other]
        if (condition === 'service_healthy')
          expect(target?.healthcheck ?? target?.build, `${name} waits for ${other}`).toBeDefined()
        else expect([name, condition]).toEqual([name, 'service_completed_successfully'])
      }
  })

  test('declares the networks, volumes and secrets that it uses, and no others', () => {
    const { services, networks = {}, volumes, secrets = {} } = composeFile(file)
    const used = (of: (service: (typeof services)[string]) => readonly string[]) =>
      [...new Set(Object.values(services).flatMap(of))].toSorted()
    expect(used(({ networks: names = [] }) => names)).toEqual(Object.keys(networks).toSorted())
    expect(used(({ secrets: names = [] }) => names)).toEqual(Object.keys(secrets).toSorted())
    const sources = used(({ volumes: mounted = [] }) => mounted.map((mount) => mount.split(':')[0] ?? ''))
    expect(sources.filter((source) => !source.startsWith('./'))).toEqual(Object.keys(volumes).toSorted())
    for (const source of sources.filter((one) => one.startsWith('./')))
      expect.soft(existsSync(path.join(root, source)), source).toBe(true)
  })

  test('runs Parley of this version, with nothing to write on but its data, and no rights', () => {
    const nodes = nodesOf(file)
    expect(nodes.length).toBeGreaterThan(0)
    for (const node of nodes) {
      expect(node).toMatchObject({
        image: `parley:${packageJson.version}`,
        read_only: true,
        cap_drop: ['ALL'],
        stop_grace_period: '15s',
      })
      expect(node.volumes?.map((mount) => mount.split(':')[1])).toEqual(['/data'])
    }
  })
})

const cluster = () => composeFile('docker-compose.yml')

test('the engines are on a network of their own, and nothing but the proxy is reached from outside', () => {
  const { services, networks } = cluster()
  expect(networks?.back).toEqual({ internal: true })
  for (const [name, { networks: names, ports }] of Object.entries(services)) {
    const front = name === 'proxy' || name.startsWith('parley-')
    expect(names?.includes('front'), name).toBe(front)
    expect(ports === undefined, name).toBe(name !== 'proxy')
  }
})

test('two nodes differ in nothing but their volumes, and the proxy knows both', () => {
  const { services } = cluster()
  const { 'parley-1': first, 'parley-2': second } = services
  expect({ ...second, volumes: first?.volumes }).toEqual(first)
  expect(second?.volumes).not.toEqual(first?.volumes)
  expect(text('deploy/caddy/Caddyfile')).toContain('reverse_proxy parley-1:4000 parley-2:4000 {')
})

test('one replica set has one name, in the server, in what initiates it and in the address', () => {
  const { services } = cluster()
  expect(services.mongo?.entrypoint?.join(' ')).toContain('--replSet parley ')
  expect(text('deploy/mongo/initiate.js')).toContain("_id: 'parley', members: [{ _id: 0, host: 'mongo:27017' }]")
  expect(text('deploy/secrets.sh')).toContain('@mongo:27017/parley?authSource=admin&replicaSet=parley')
})

describe('the script that makes the secrets', () => {
  test('makes each secret that the services use, and no other', () => {
    const { secrets = {} } = cluster()
    const named = Object.values(secrets).map(({ file }) => path.relative('secrets', file))
    expect(readdirSync(madeSecrets()).toSorted()).toEqual(named.toSorted())
  })

  test('makes other passwords each time, and leaves those that are there', () => {
    const [folder, other] = [madeSecrets(), madeSecrets()]
    const read = () =>
      Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
    const made = read()
    for (const [name, secret] of Object.entries(made))
      expect(readFileSync(path.join(other, name), 'utf8'), name).not.toBe(secret)
    const again = spawnSync('sh', [path.join(root, 'deploy/secrets.sh'), folder], { encoding: 'utf8' })
    expect(again.stderr.match(/stays\./g)).toHaveLength(Object.keys(made).length)
    expect(read()).toEqual(made)
  })

  test.skipIf(process.platform === 'win32')('closes the folder to others, and lets containers read the files', () => {
    const folder = madeSecrets()
    for (const name of readdirSync(folder)) expect(statSync(path.join(folder, name)).mode & 0o777, name).toBe(0o444)
    const inside = path.join(folder, 'new')
    spawnSync('sh', [path.join(root, 'deploy/secrets.sh'), inside])
    expect(statSync(inside).mode & 0o777).toBe(0o700)
  })

  test('makes a key file that MongoDB takes, and the same password wherever one is needed twice', () => {
    const folder = madeSecrets()
    const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
    expect(read('mongo_keyfile')).toMatch(/^[A-Za-z0-9+/]{6,1024}$/)
    expect(new URL(read('parley_documents')).password).toBe(read('mongo_parley_password'))
    expect(`requirepass ${new URL(read('parley_bus')).password}\n`).toBe(read('redis_conf'))
  })
})

test('the guide names the images and services that there are', () => {
  const guide = text('docs/guide/cluster.md')
  const { services } = cluster()
  const images = [...guide.matchAll(/\b(?:eventstore\/eventstore|mongo|parley|redis|caddy):\d[\d.]*/g)].map(
    ([image]) => image,
  )
  expect(images.length).toBeGreaterThan(3)
  expect(Object.values(services).map(({ image }) => image)).toEqual(expect.arrayContaining(images))
  const named = [
    ...guide.matchAll(/docker compose (?:exec|stop|start|create|up|ps|cp)((?: --?[\w-]+)*) ([a-z][\w-]*)/g),
  ]
  expect(named.length).toBeGreaterThan(10)
  for (const [line, , service] of named) expect.soft(Object.keys(services), line).toContain(service)
})
