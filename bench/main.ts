// `npm run bench`: all benches, or `npm run bench -- NAME ...` some.

import { fork } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, type Machine } from './machine.ts'
import { type Bench, benches } from './names.ts'
import { topOf } from './profile.ts'
import { watchStolen } from './quiet.ts'
import { type BenchOptions, type BenchResult, print } from './result.ts'

const results = fileURLToPath(new URL('./results', import.meta.url))
const one = fileURLToPath(new URL('./one.ts', import.meta.url))

const clustered = benches.flatMap(({ name, cluster }) => (cluster ? [name] : [])).join(', ')

const usage = `npm run bench -- [NAME ...] [--quick] [--profile] [--trials N] [--cluster]

  NAME       ${benches.map(({ name }) => name).join(', ')}; all of them when none is given
  --quick    short trials, to see that it runs; its results go to bench/results/tmp
  --profile  CPU profiles of what is measured in bench/results/tmp, and the functions that took most. It costs speed.
  --trials   how many, for the benches of feeds; other than three go to bench/results/tmp too
  --cluster  on the engines of a cluster as the tests have them, where there is Java: ${clustered}

The results are written to bench/results. Exit: 0 when every target was reached, 1 when not, 2 for wrong use.`

interface Flags {
  readonly quick: boolean
  readonly profile: boolean
  readonly cluster: boolean
  readonly trials: number | undefined
}

function parse(): { readonly chosen: readonly Bench[]; readonly flags: Flags } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        profile: { type: 'boolean' },
        cluster: { type: 'boolean' },
        trials: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    const unknown = positionals.find((wanted) => !benches.some(({ name }) => name === wanted))
    if (unknown !== undefined) throw new Error(`There is no bench "${unknown}".`)
    if (values.help) throw new Error('Measures Parley.')
    const { quick = false, profile = false, cluster = false, trials } = values
    if (trials !== undefined && !/^[1-9]\d?$/.test(trials)) throw new Error('--trials takes a number from 1 to 99.')
    const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    const elsewhere = cluster ? chosen.find((one) => !one.cluster) : undefined
    if (elsewhere) throw new Error(`The bench ${elsewhere.name} has no --cluster: ${clustered} have.`)
    const flags = { quick, profile, cluster, trials: trials === undefined ? undefined : Number(trials) }
    return { chosen, flags }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    return undefined
  }
}

/** @throws when it ends without a result */
async function runBench({ name, measures }: Bench, flags: Flags): Promise<BenchResult> {
  const profile = path.join(results, 'tmp', `${name}-profile`)
  if (flags.profile) {
    rmSync(profile, { recursive: true, force: true })
    mkdirSync(profile, { recursive: true })
  }
  const options: BenchOptions = { ...flags, profile: flags.profile && measures === 'server' ? profile : undefined }
  const profiled = flags.profile && measures === 'own process'
  const child = fork(one, [name, JSON.stringify(options)], {
    execArgv: profiled ? ['--cpu-prof', '--cpu-prof-dir', profile] : [],
  })
  let result: BenchResult | undefined
  // `one.ts` sends nothing else.
  child.on('message', (message) => {
    result = message as BenchResult
  })
  await new Promise((resolve) => child.once('exit', resolve))
  if (!result) throw new Error(`The bench ${name} failed; the lines above say why.`)
  if (flags.profile) {
    console.log(`\nWhere the time went; the profiles are in ${path.relative('.', profile)}`)
    console.table(topOf(profile, 20))
  }
  return result
}

function write(
  result: BenchResult,
  machine: Machine & { readonly stolen: number },
  { quick, profile, cluster, trials = 3 }: Flags,
): void {
  const date = new Date().toISOString().slice(0, 10)
  // Only what was measured in full and undisturbed is worth keeping.
  const folder = quick || profile || trials !== 3 ? path.join(results, 'tmp') : results
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${result.name}${cluster ? '-cluster' : ''}-${date}.json`)
  writeFileSync(file, asLines({ date, machine, ...result }))
  console.log(`Written to ${path.relative('.', file)}`)
}

/** One line a field, and one a row of the table: easy to compare in git. */
function asLines(report: object): string {
  const fields = Object.entries(report).map(([name, value]) => {
    const rows =
      name === 'rows' && Array.isArray(value) ? value.map((row) => `\n    ${JSON.stringify(row)}`) : undefined
    return `  ${JSON.stringify(name)}: ${rows ? `[${rows}\n  ]` : JSON.stringify(value)}`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}

async function main(): Promise<number> {
  const parsed = parse()
  if (!parsed) return 2
  const machine = describeMachine()
  console.log(Object.entries(machine.fsync).reduce((line, [name, ms]) => `${line} ${name} ${ms} ms`, 'fsync:'))
  const failed: string[] = []
  for (const bench of parsed.chosen) {
    try {
      const stolenSince = watchStolen()
      const result = await runBench(bench, parsed.flags)
      print(result)
      // The share of the machine's time that its host gave to others meanwhile.
      write(result, { ...machine, stolen: Number(stolenSince().toFixed(4)) }, parsed.flags)
      if (!result.reached) failed.push(bench.name)
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      failed.push(bench.name)
    }
  }
  console.log(failed.length === 0 ? '\nEvery target was reached.' : `\nNot reached: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main()
