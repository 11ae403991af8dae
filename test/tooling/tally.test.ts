import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const script = path.join(import.meta.dirname, '..', '..', 'scripts', 'tally.ts')

interface Report {
  readonly passed: number
  readonly failed?: number
  readonly pending?: number
  /** Test files that could not be loaded. */
  readonly broken?: number
}

/** Last line and exit code. */
function tally(report: Report | undefined, steps: readonly string[]) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'parley-tally-')), 'report.json')
  if (report)
    writeFileSync(
      file,
      JSON.stringify({
        numPassedTests: report.passed,
        numFailedTests: report.failed ?? 0,
        numPendingTests: report.pending ?? 0,
        numTodoTests: 0,
        testResults: Array.from({ length: report.broken ?? 0 }, () => ({
          name: 'x.test.ts',
          status: 'failed',
          assertionResults: [],
        })),
      }),
    )
  const { stdout, status } = spawnSync(process.execPath, [script, file, ...steps], { encoding: 'utf8' })
  return [stdout.trimEnd().split('\n').at(-1), status]
}

test.each<[Report | undefined, string[], string, number]>([
  [{ passed: 3 }, ['check=0', 'test=0'], '3 passed, 0 failed', 0],
  [{ passed: 3, pending: 2 }, ['check=0', 'test=0'], '3 passed, 0 failed, 2 skipped', 0],
  [{ passed: 3, failed: 2 }, ['check=0', 'test=1'], '3 passed, 2 failed', 1],
  [{ passed: 3 }, ['check=1', 'test=0'], '3 passed, 1 failed', 1],
  [{ passed: 3, broken: 1 }, ['check=0', 'test=1'], '3 passed, 1 failed', 1],
  // Something went wrong outside of every test.
  [{ passed: 3 }, ['check=0', 'test=1'], '3 passed, 1 failed', 1],
  [undefined, ['check=0', 'test=1'], '0 passed, 1 failed', 1],
  [undefined, ['check=0', 'test=0'], '0 passed, 1 failed', 1],
])('%j with %j is "%s"', (report, steps, line, code) => {
  expect(tally(report, steps)).toEqual([line, code])
})
