// Trials of a machine that is ours alone: a virtual machine's host gives time to others, too, and what is measured meanwhile says
// more about them. Linux counts what was taken ("steal" in proc(5)); where the machine is nobody's guest that is nothing.

import { readFileSync } from 'node:fs'

/** Of all cores' time. Where more was taken a trial is repeated. */
const tolerated = 0.02
/** A trial is run so often at most; of these the one counts of which least was taken. */
const most = 3

/** Ticks of all cores since the machine started, and those of them that its host gave to others. */
function ticks(): { readonly all: number; readonly stolen: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const fields = line.split(/ +/).slice(1, 9).map(Number)
  return { all: fields.reduce((sum, one) => sum + one, 0), stolen: fields[7] ?? 0 }
}

/** What it is from now on: called later, it tells the share that the host gave to others since. */
export function watchStolen(): () => number {
  const from = ticks()
  return () => {
    const now = ticks()
    return (now.stolen - from.stolen) / Math.max(1, now.all - from.all)
  }
}

export class QuietTrials {
  /** Of the trials that count. */
  readonly #stolen: number[] = []
  #repeated = 0

  /** Once more where too much was taken meanwhile. @throws what the trial throws, unless another one did not */
  async run<T>(trial: () => Promise<T>): Promise<T> {
    let best: { readonly result: T; readonly stolen: number } | undefined
    let failure: unknown
    for (let run = 1; run <= most; run++) {
      if (run > 1) this.#repeated += 1
      const stolenSince = watchStolen()
      const result = await trial().catch((error: unknown) => {
        failure = error
        return undefined
      })
      const stolen = stolenSince()
      if (result !== undefined && (best === undefined || stolen < best.stolen)) best = { result, stolen }
      if (stolen <= tolerated) break
    }
    if (best === undefined) throw failure
    this.#stolen.push(best.stolen)
    return best.result
  }

  /** A sentence for who reads the figures. */
  get note(): string {
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`
    return `Of the machine's time its host gave to others ${percent(Math.min(...this.#stolen))} to ${percent(Math.max(...this.#stolen))} during these trials; ${this.#repeated} of more than ${percent(tolerated)} were run again.`
  }
}
