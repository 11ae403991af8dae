// Whether a node says that it is ready, and what it misses.

import { setTimeout as sleep } from 'node:timers/promises'

export interface Readiness {
  /** Of HTTP: 200 or 503. 0 where it does not answer at all. */
  readonly code: number
  /** `ready`, `degraded` or `not ready` */
  readonly status: string
  /** The names of what is not as it should be. */
  readonly missing: readonly string[]
}

const silent: Readiness = { code: 0, status: 'no answer', missing: [] }

/** @param url of the node, without a path */
export async function readinessOf(url: string): Promise<Readiness> {
  try {
    const response = await fetch(`${url}/readyz?verbose`, { signal: AbortSignal.timeout(3_000) })
    // The shape that a caller on the same machine gets.
    const { status, dependencies } = (await response.json()) as {
      status: string
      dependencies: readonly { name: string; ready: boolean }[]
    }
    const missing = dependencies.filter(({ ready }) => !ready).map(({ name }) => name)
    return { code: response.status, status, missing }
  } catch {
    return silent
  }
}

/** Asks until it is so. @returns after how long, in ms @throws when it is not so in time, with what it is */
export async function untilReadiness(
  url: string,
  isSo: (readiness: Readiness) => boolean,
  { timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {},
): Promise<number> {
  const began = performance.now()
  for (;;) {
    const readiness = await readinessOf(url)
    const ms = performance.now() - began
    if (isSo(readiness)) return ms
    if (ms > timeoutMs) throw new Error(`After ${Math.round(ms)} ms ${url} is still ${JSON.stringify(readiness)}.`)
    await sleep(50)
  }
}

export const isReady = ({ code }: Readiness): boolean => code === 200
