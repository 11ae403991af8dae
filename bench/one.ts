// Runs one bench, named by the first argument with its options as JSON in the second, and sends its result to the parent:
// each bench has a process of its own, so that none finds what another one left in memory.

import type { Bench } from './names.ts'
import type { BenchOptions, BenchResult } from './result.ts'

type Run = (options: BenchOptions) => Promise<BenchResult>

const runs: Readonly<Record<Bench['name'], () => Promise<{ readonly run: Run }>>> = {
  append: () => import('./append.ts'),
  fanout: () => import('./fanout.ts'),
  'fanout-shapes': () => import('./fanoutShapes.ts'),
  inbox: () => import('./inbox.ts'),
  resume: () => import('./resume.ts'),
  slow: () => import('./slow.ts'),
  idle: () => import('./idle.ts'),
  storm: () => import('./storm.ts'),
  send: () => import('./send.ts'),
  latency: () => import('./latency.ts'),
  lag: () => import('./lag.ts'),
  startup: () => import('./startup.ts'),
  history: () => import('./history.ts'),
  rebuild: () => import('./rebuild.ts'),
}

const [name = '', options = '{}'] = process.argv.slice(2)
const load = Object.entries(runs).find(([known]) => known === name)?.[1]
if (!load) throw new Error(`There is no bench "${name}".`)
const { run } = await load()
process.send?.(await run(JSON.parse(options)))
process.disconnect?.()
