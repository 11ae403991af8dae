// The files that deploy Parley, read as what reads them would.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

export const root = path.join(import.meta.dirname, '..', '..')

/** @param file from the project's root */
export const text = (file: string): string => readFileSync(path.join(root, file), 'utf8')

/** A folder that is removed when the test has ended. */
export function ownFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-deploy-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Whether a command is there; what it answers does not matter. */
export const installed = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).error === undefined

/** Runs deploy/secrets.sh. @returns the folder with what it made */
export function madeSecrets(): string {
  const folder = ownFolder()
  execFileSync('sh', [path.join(root, 'deploy/secrets.sh'), folder], { stdio: 'ignore' })
  return folder
}

const service = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  networks: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).optional(),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
})

export type ComposeService = z.output<typeof service>

const compose = z.looseObject({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.unknown()).optional(),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })).optional(),
})

/** A file for Docker Compose, with what its services share filled in. */
export const composeFile = (file: string) => compose.parse(parse(text(file), { merge: true }))

/** Every document of a file for Kubernetes. */
export const manifests = (file: string): readonly unknown[] =>
  parseAllDocuments(text(file)).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join('; ')}`)
    return document.toJS()
  })

/** What the last `ENV` of the Dockerfile sets. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const [, block = ''] = /^ENV (NODE_ENV=(?:.*\\\n)*.*)$/m.exec(text('Dockerfile')) ?? []
  const pairs = block.split(/\s*\\?\n?\s+/).map((pair) => pair.split('=', 2))
  return Object.fromEntries(pairs)
}
