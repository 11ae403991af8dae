import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { countsOf, type EndedTest, engineRows } from './engineRows.ts'
import { markdownTable, tableRows, terminalTable, withTable } from './engineText.ts'

const root = path.join(import.meta.dirname, '..', '..')
const eventstoredb = 'test/conformance/eventstore/eventstoredb.test.ts'

const ended = (file: string, state: EndedTest['state'], name = 'a test'): EndedTest => ({ file, state, name })

test('each test counts for the suite and engine of its file, and of its name where that decides', () => {
  const counts = countsOf([
    ended('test/conformance/documents/sqlite.test.ts', 'passed'),
    ended('test/conformance/documents/sqlite.test.ts', 'skipped'),
    ended('test/conformance/documents/mongo.test.ts', 'failed'),
    ended('test/conformance/documents/mongo.test.ts', 'pending'),
    ended(eventstoredb, 'passed', 'eventstoredb protocol, no batch append: reading > a test'),
    ended(eventstoredb, 'passed', 'eventstoredb protocol, batch append: reading > a test'),
    ended(eventstoredb, 'passed', 'eventstoredb protocol, batch append: reading > another test'),
    ended('src/config.test.ts', 'passed'),
  ])
  const seen = counts.filter(({ passed, skipped, failed }) => passed + skipped + failed > 0)
  expect(seen.map(({ row, passed, skipped, failed }) => [row.suite, row.engine, passed, skipped, failed])).toEqual([
    ['log', 'EventStoreDB protocol, batch append', 2, 0, 0],
    ['log', 'EventStoreDB protocol, no batch append', 1, 0, 0],
    ['documents', 'SQLite', 1, 1, 0],
    ['documents', 'MongoDB', 0, 0, 2],
  ])
})

test('a suite that did not run says so, in columns and in Markdown', () => {
  const [first, second] = engineRows
  const rows = [first, second].filter((row) => row !== undefined)
  const counts = countsOf([ended('test/conformance/eventstore/sqlite.test.ts', 'passed')], rows)
  expect(terminalTable(counts)).toBe(
    [
      'suite  engine                                passed  skipped  failed',
      'log    SQLite                                     1        0       0',
      'log    EventStoreDB protocol, batch append  not run',
    ].join('\n'),
  )
  expect(markdownTable(counts)).toContain('| log | SQLite | 1 | 0 | 0 |\n')
})

test('the table of the documentation has the rows of the output, and can be written anew', () => {
  const page = readFileSync(path.join(root, 'docs/guide/cluster.md'), 'utf8')
  expect(tableRows(page)).toEqual(engineRows.map(({ suite, engine }) => [suite, engine]))
  const counts = countsOf([])
  const written = withTable(page, markdownTable(counts))
  expect(tableRows(written)).toEqual(tableRows(page))
  expect(withTable(written, markdownTable(counts))).toBe(written)
  expect(() => withTable('a page', 'a table')).toThrow('There is no')
})

test('the output of a run ends with the table, what was skipped is named, and a run of one name has none', () => {
  const output = path.join(root, 'test/.output')
  mkdirSync(output, { recursive: true })
  const folder = mkdtempSync(path.join(output, 'reporting-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // A project of its own, of which the files lie where the rows look for them when seen from its root.
  const file = path.join(folder, 'test/conformance/documents/mongo.test.ts')
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(
    file,
    "import { test } from 'vitest'\ntest('one', () => {})\ntest('two', ({ skip }) => skip(true, 'no server'))\n",
  )
  writeFileSync(path.join(folder, 'vitest.config.mjs'), 'export default {}\n')
  const { VITEST: _, ...env } = process.env
  const run = (...args: readonly string[]) =>
    spawnSync(
      process.execPath,
      [
        path.join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        `--reporter=${path.join(root, 'test/reporting/engineTable.ts')}`,
        ...args,
      ],
      { cwd: folder, env: { ...env, NO_COLOR: '1' }, encoding: 'utf8' },
    ).stdout
  const whole = run()
  expect(whole).toMatch(/\ndocuments +MongoDB +1 +1 +0\n/)
  expect(whole).toMatch(/\ndocuments +SQLite +not run\n/)
  expect(whole).toContain('Skipped there:\n  test/conformance/documents/mongo.test.ts > two (no server)\n')
  expect(whole.indexOf('Tests ')).toBeLessThan(whole.indexOf('\nsuite '))
  expect(run('-t', 'one')).not.toContain('\nsuite ')
})
