// The import rules are looked at: planted violations are found. A tool that silently sees no TypeScript passes everything.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const root = path.join(import.meta.dirname, '..', '..')

const report = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
})

function cruise(folder: string, folders: readonly string[]) {
  const tool = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const args = [tool, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...folders]
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1_048_576 } as const
  const { stdout, stderr } = spawnSync(process.execPath, args, options)
  expect(stderr).toBe('')
  return report.parse(JSON.parse(stdout)).summary
}

/** What a house has before anything is planted. */
const known = {
  'src/domain/room.ts': 'export const room = 1\n',
  'src/eventstore/port.ts': 'export const start = 0\nexport type Position = string\n',
  'src/eventstore/sqlite/store.ts': 'export const store = 1\n',
  'src/eventstore/eventstoredb/store.ts': 'export const store = 1\n',
  'src/documents/port.ts': 'export type Documents = string\n',
  'src/documents/sqlite/open.ts': 'export const open = 1\n',
  'src/projecting/readModels.ts': 'export type ReadModels = string\n',
  'src/commands/rooms.ts': 'export const rooms = 1\n',
  'src/queries/history.ts': 'export const history = 1\n',
  'src/server.ts': 'export const server = 1\n',
  'projections/rooms.ts': 'export const rooms = 1\n',
  'schema/room.ts': 'export const room = 1\n',
  'clients/terminal/room.ts': 'export const room = 1\n',
  'test/kit.ts': 'export const kit = 1\n',
}

/** Broken imports in a house with these files, under the rules of this one: `rule: file`. */
function broken(files: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-house-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
    cpSync(path.join(root, file), path.join(folder, file))
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  for (const [file, content] of Object.entries({ ...known, ...files })) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), content)
  }
  const { violations } = cruise(folder, ['src', 'projections', 'schema', 'clients', 'test'])
  return violations.map(({ rule, from }) => `${rule.name}: ${from}`).sort()
}

test('each rule finds the import that breaks it', () => {
  const planted = {
    'src/domain/a.ts': "export { start as x } from '../eventstore/port.ts'\n",
    'src/domain/b.ts': "import type { Position } from '../eventstore/port.ts'\nexport type X = Position\n",
    'src/domain/c.ts': "export { readFileSync as x } from 'node:fs'\n",
    'src/domain/d.ts': "import type { E } from './e.ts'\nexport type D = E\n",
    'src/domain/e.ts': "import type { D } from './d.ts'\nexport type E = string | D\n",
    'projections/a.ts': "export { rooms as x } from '../src/commands/rooms.ts'\n",
    'projections/b.ts': "export { start as x } from '../src/eventstore/port.ts'\n",
    'src/eventstore/sqlite/a.ts': "export { store as x } from '../eventstoredb/store.ts'\n",
    'src/documents/mongo/a.ts': "export { open as x } from '../sqlite/open.ts'\n",
    'schema/a.ts': "import type { Documents } from '../src/documents/port.ts'\nexport type X = Documents\n",
    'schema/b.ts': "import type { ReadModels } from '../src/projecting/readModels.ts'\nexport type X = ReadModels\n",
    'src/commands/a.ts': "import type { ReadModels } from '../projecting/readModels.ts'\nexport type X = ReadModels\n",
    'src/commands/b.ts': "export { history as x } from '../queries/history.ts'\n",
    'src/http/a.ts': "export const x = await import('../documents/sqlite/open.ts')\n",
    'src/live/a.ts': "export { store as x } from '../eventstore/sqlite/store.ts'\n",
    'src/live/b.ts': "export { server as x } from '../server.ts'\n",
    'src/live/c.ts': "export { kit as x } from '../../test/kit.ts'\n",
    'src/live/d.ts': "import fc from 'fast-check'\nexport const x = fc\n",
    'src/live/e.ts': "export { x } from './absent.ts'\n",
    'clients/web/a.ts': "export { room as x } from '../../src/domain/room.ts'\n",
    'clients/web/b.ts': "export { room as x } from '../terminal/room.ts'\n",
    'clients/sdk/a.ts': "export { readFileSync as x } from 'node:fs'\n",
    'clients/sdk/b.ts': "export { parse as x } from 'graphql'\n",
  }
  expect(broken(planted)).toEqual(
    [
      'domain-is-pure: src/domain/a.ts',
      'domain-is-pure: src/domain/b.ts',
      'domain-without-io: src/domain/c.ts',
      // A cycle is told once, at the first of its files.
      'no-cycles: src/domain/d.ts',
      'projections-are-folds: projections/a.ts',
      'projections-are-folds: projections/b.ts',
      'eventstore-engines-know-their-port: src/eventstore/sqlite/a.ts',
      'documents-engines-know-their-port: src/documents/mongo/a.ts',
      'schema-asks: schema/a.ts',
      'schema-asks: schema/b.ts',
      'commands-read-through-facts: src/commands/a.ts',
      'commands-read-through-facts: src/commands/b.ts',
      'engines-are-chosen-in-one-place: src/http/a.ts',
      'engines-are-chosen-in-one-place: src/live/a.ts',
      'the-server-is-the-root: src/live/b.ts',
      'parley-does-not-need-its-tests: src/live/c.ts',
      'no-development-packages: src/live/d.ts',
      'resolves: src/live/e.ts',
      'clients-are-outside: clients/web/a.ts',
      'clients-share-only-the-sdk: clients/web/b.ts',
      'the-sdk-is-light: clients/sdk/a.ts',
      'the-sdk-is-light: clients/sdk/b.ts',
    ].sort(),
  )
})

test('what is allowed is allowed', () => {
  const files = {
    'src/domain/a.ts': "export { createHash as x } from 'node:crypto'\n",
    'src/eventstore/sqlite/a.ts':
      "export { start } from '../port.ts'\nexport { room as x } from '../../domain/room.ts'\n",
    'src/documents/sqlite/a.ts': "import type { Position } from '../../eventstore/port.ts'\nexport type X = Position\n",
    'projections/a.ts': "import type { Documents } from '../src/documents/port.ts'\nexport type X = Documents\n",
    'src/commands/facts.ts':
      "import type { ReadModels } from '../projecting/readModels.ts'\nexport type X = ReadModels\n",
    'schema/a.ts':
      "import type { Position } from '../src/eventstore/port.ts'\nexport { rooms } from '../src/commands/rooms.ts'\nexport type X = Position\n",
    'src/cli/start.ts': "export { server as x } from '../server.ts'\n",
    'src/engines.ts': "export { open } from './documents/sqlite/open.ts'\n",
    'clients/sdk/a.ts': "export { createClient as x } from 'graphql-ws/client'\n",
    'clients/sdk/fileStorage.ts': "export { readFile as x } from 'node:fs/promises'\n",
    'src/live/a.test.ts':
      "import fc from 'fast-check'\nexport { open as x } from '../documents/sqlite/open.ts'\nfc.pre(true)\n",
  }
  expect(broken(files)).toEqual([])
})

test('the tool sees the TypeScript of this repository', () => {
  expect(cruise(root, ['src/domain', 'src/documents']).totalCruised).toBeGreaterThan(10)
})
