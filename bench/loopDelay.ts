// How late this process is: what it would add to every time it takes.

import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often it looks, in ms; part of what the histogram holds. */
const resolution = 2

export class LoopDelay {
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>

  constructor() {
    this.#histogram = monitorEventLoopDelay({ resolution })
    this.#histogram.enable()
  }

  /** Ends it. In ms, above what an idle process has. */
  p99(): number {
    this.#histogram.disable()
    return Math.max(0, this.#histogram.percentile(99) / 1e6 - resolution)
  }
}
