// How much memory a process takes, as Linux counts it.

import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Resident, in MB. Undefined where the system does not say. */
export function residentMb({ pid }: Pick<ChildProcess, 'pid'>): number | undefined {
  try {
    const [, kB] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kB === undefined ? undefined : Number(kB) / 1024
  } catch {
    return undefined
  }
}
