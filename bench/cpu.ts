// The CPU time of another process, from Linux's /proc.

import { readFileSync } from 'node:fs'

/** Ticks a second, as every Linux tells them to programs. */
const ticks = 100

/** Of all its threads since it began, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / ticks
}
