// Ends the output of the tests with a table: which suite ran on which engine, and how. What was skipped is named.
//
// PARLEY_TEST_TABLE=docs/guide/cluster.md writes the table into that page, too.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { belongsTo, countsOf, type EndedTest, engineRows } from './engineRows.ts'
import { markdownTable, terminalTable, withTable } from './engineText.ts'

const root = path.join(import.meta.dirname, '..', '..')

// Vitest takes a reporter that is named on the command line as what its file exports by default.
export default class EngineTable implements Reporter {
  #partial = false
  #root = root

  onInit(vitest: Vitest): void {
    // The tests that a name leaves out are no skipped ones.
    this.#partial = vitest.config.testNamePattern !== undefined
    this.#root = vitest.config.root
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const ended = modules.flatMap((module) => endedTests(module, this.#root))
    const counts = countsOf(ended)
    if (this.#partial || counts.every(({ passed, skipped, failed }) => passed + skipped + failed === 0)) return
    const skipped = ended.filter((test) => test.state === 'skipped' && engineRows.some((row) => belongsTo(test, row)))
    const parts = [terminalTable(counts), ...remarks(process.env)]
    if (skipped.length > 0) parts.push(`Skipped there:\n${skipped.map(skippedLine).join('\n')}`)
    console.log(`\n${parts.join('\n\n')}\n`)
    const page = process.env.PARLEY_TEST_TABLE
    if (page === undefined) return
    const file = path.join(root, page)
    writeFileSync(file, withTable(readFileSync(file, 'utf8'), markdownTable(counts)))
  }
}

const skippedLine = ({ file, name, note }: EndedTest): string =>
  `  ${file} > ${name}${note === undefined ? '' : ` (${note})`}`

/** What the figures do not say: against what they were got. */
const remarks = (env: NodeJS.ProcessEnv): readonly string[] => [
  'EventStoreDB protocol: the real client, and a server of our own (test/support/eventstoredb), which is our reading of the\nprotocol. PARLEY_TEST_EVENTSTOREDB=esdb://… runs the identical suite against a real server.',
  env.PARLEY_TEST_MONGODB
    ? 'MongoDB: the server that PARLEY_TEST_MONGODB names.'
    : 'MongoDB: mongo-java-server. What it cannot judge is listed where its suite runs. PARLEY_TEST_MONGODB=mongodb://… names another.',
]

function endedTests(module: TestModule, project: string): readonly EndedTest[] {
  const file = path.relative(project, module.moduleId).replaceAll('\\', '/')
  const tests = [...module.children.allTests()].map((test): EndedTest => {
    const result = test.result()
    const note = result.state === 'skipped' ? result.note : undefined
    return { file, name: test.fullName, state: result.state, note }
  })
  // A file that could not be loaded has no tests, and has failed.
  return tests.length === 0 && module.state() === 'failed' ? [{ file, name: 'the whole file', state: 'failed' }] : tests
}
