// The last line of a run: `N passed, N failed`, from the report of the tests and how the steps ended.
// `node scripts/tally.ts REPORT.json NAME=EXITCODE...`; exits 1 when anything failed.

import { readFileSync } from 'node:fs'
import { z } from 'zod'

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
})

const [file = '', ...steps] = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
let read = false

try {
  const tests = report.parse(JSON.parse(readFileSync(file, 'utf8')))
  read = true
  // A file that cannot even be loaded has no tests in the report, and has failed.
  const broken = tests.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  )
  for (const { name } of broken) console.log(`This file failed as a whole: ${name}`)
  counts.passed = tests.numPassedTests
  counts.failed = tests.numFailedTests + broken.length
  counts.skipped = tests.numPendingTests + tests.numTodoTests
} catch (error) {
  console.log(`There is no report of the tests: ${error instanceof Error ? error.message : String(error)}`)
}

for (const step of steps) {
  const [name = '', code = ''] = step.split('=')
  if (code === '0') continue
  // What the tests count themselves is not counted again.
  if (name === 'test' && read && counts.failed > 0) continue
  console.log(`${name} failed (exit code ${code}).`)
  counts.failed += 1
}
if (!read && counts.failed === 0) counts.failed = 1

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
process.exitCode = counts.failed > 0 ? 1 : 0
