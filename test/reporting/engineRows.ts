// Which tests show which suite on which engine, and what is counted of them.

export interface EngineRow {
  readonly suite: string
  readonly engine: string
  /** Of the test files, from the project's root. */
  readonly files: RegExp
  /** Of the tests in them, by full name; all where it is left out. */
  readonly tests?: RegExp
}

/** A test that has ended. */
export interface EndedTest {
  /** From the project's root, with slashes. */
  readonly file: string
  /** With the names of the blocks that it stands in. */
  readonly name: string
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
  /** Why it was skipped, where that was said. */
  readonly note?: string | undefined
}

export interface Count {
  readonly row: EngineRow
  readonly passed: number
  readonly skipped: number
  readonly failed: number
}

const eventstoredb = /^test\/conformance\/eventstore\/eventstoredb[\w.-]*\.test\.ts$/

/** Every suite on every engine. */
export const engineRows: readonly EngineRow[] = [
  { suite: 'log', engine: 'SQLite', files: /^test\/conformance\/eventstore\/sqlite\.test\.ts$/ },
  {
    suite: 'log',
    engine: 'EventStoreDB protocol, batch append',
    files: eventstoredb,
    tests: /^eventstoredb protocol, batch append:/,
  },
  {
    suite: 'log',
    engine: 'EventStoreDB protocol, no batch append',
    files: eventstoredb,
    tests: /^eventstoredb protocol, no batch append:/,
  },
  {
    suite: 'log',
    engine: 'EventStoreDB, a real server',
    files: eventstoredb,
    tests: /^eventstoredb, a real server:/,
  },
  { suite: 'documents', engine: 'SQLite', files: /^test\/conformance\/documents\/sqlite\.test\.ts$/ },
  { suite: 'documents', engine: 'MongoDB', files: /^test\/conformance\/documents\/mongo\w*\.test\.ts$/ },
  { suite: 'keys', engine: 'SQLite', files: /^test\/conformance\/keys\/sqlite\.test\.ts$/ },
  { suite: 'keys', engine: 'MongoDB', files: /^test\/conformance\/keys\/mongo\.test\.ts$/ },
  { suite: 'API', engine: 'embedded', files: /^test\/api\/[\w.-]+\.test\.ts$/ },
  { suite: 'API', engine: 'cluster', files: /^test\/cluster\/[\w.-]*api[\w.-]*\.test\.ts$/ },
  { suite: 'kill test', engine: 'embedded', files: /^test\/faults\/server-kill\.test\.ts$/ },
  { suite: 'kill test', engine: 'cluster', files: /^test\/cluster\/[\w.-]*kill[\w.-]*\.test\.ts$/ },
]

export const belongsTo = ({ file, name }: EndedTest, { files, tests }: EngineRow): boolean =>
  files.test(file) && (tests === undefined || tests.test(name))

/** A test that did not end counts as failed: its file broke. */
export function countsOf(ended: readonly EndedTest[], rows: readonly EngineRow[] = engineRows): readonly Count[] {
  return rows.map((row) => {
    const states = ended.filter((test) => belongsTo(test, row)).map(({ state }) => state)
    const count = (...wanted: readonly EndedTest['state'][]) => states.filter((state) => wanted.includes(state)).length
    return { row, passed: count('passed'), skipped: count('skipped'), failed: count('failed', 'pending') }
  })
}
