// Gives memory back after many clients have come or gone. What they have left behind in it is collected when more is asked for,
// and a server on which nothing happens asks for nothing.

import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

interface IdleMemoryOptions {
  /** Connections that are open now. */
  readonly connections: () => number
  readonly collect?: () => void
  readonly everyMs?: number
}

/** So many have come or gone. */
const worthIt = 500
/** Nobody is kept waiting by a pause of some tenths of a second, in shares of the time. */
const idle = 0.1
/** Thrice this settles whether it has become quiet, in ms. */
const lookMs = 1_000

export class IdleMemory {
  readonly #options: IdleMemoryOptions
  readonly #timer: NodeJS.Timeout
  #before = performance.eventLoopUtilization()
  #quiet = 0
  /** Connections at the last look, and at the last collection. */
  #last = 0
  #collectedAt = 0

  constructor(options: IdleMemoryOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(), options.everyMs ?? lookMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { connections, collect = collectGarbage } = this.#options
    const now = connections()
    const used = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(used, this.#before)
    this.#before = used
    this.#quiet = now === this.#last && utilization < idle ? this.#quiet + 1 : 0
    this.#last = now
    if (this.#quiet < 3 || Math.abs(now - this.#collectedAt) < worthIt) return
    this.#collectedAt = now
    collect()
  }
}

/** Node offers it to those who start it with a flag; a context that is made after setting the flag has it, too. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
}
