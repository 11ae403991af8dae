// CPU profiles as Node writes them: where the time went, function by function.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** µs since the sample before. */
  readonly timeDeltas: readonly number[]
}

export interface Spent {
  readonly thread: 'main' | 'worker'
  /** Function and place. */
  readonly where: string
  readonly ms: number
}

/** The functions in which the threads of all profiles of a folder spent most time themselves, waiting left out. */
export function topOf(folder: string, count: number): Spent[] {
  const spent = { main: new Map<string, number>(), worker: new Map<string, number>() }
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
    // Written by Node in this shape.
    const profile = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as CpuProfile
    const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
    const own = spent[threadOf(file)]
    for (const [index, id] of profile.samples.entries()) {
      const place = places.get(id) ?? ''
      own.set(place, (own.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1_000)
    }
  }
  return (['main', 'worker'] as const)
    .flatMap((thread) => [...spent[thread]].map(([where, ms]) => ({ thread, where, ms: Math.round(ms) })))
    .filter(({ where }) => where !== '(idle)')
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
}

/** Named CPU.<date>.<time>.<process>.<thread>.<number>.cpuprofile; thread 0 is the main one. */
const threadOf = (file: string): Spent['thread'] => (file.split('.')[4] === '0' ? 'main' : 'worker')

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`
}
