// The machine that figures were measured on.

import { rmSync } from 'node:fs'
import os from 'node:os'
import { benchFolder, measureFsync } from './disk.ts'
import { quantile, rounded } from './samples.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly kernel: string
  readonly node: string
  /** Of one minute, before the bench began: much above zero, and others were at work. */
  readonly loadBefore: number
  /** Of a write of 4 KiB with its fsync, in ms. */
  readonly fsync: { readonly p50: number; readonly p99: number }
}

export function describeMachine(): Machine {
  const folder = benchFolder('machine')
  try {
    const cpus = os.cpus()
    const [loadBefore = 0] = os.loadavg()
    const fsync = measureFsync(folder, 500)
    return {
      cpu: cpus[0]?.model ?? 'unknown',
      cores: cpus.length,
      memoryMb: Math.round(os.totalmem() / 2 ** 20),
      kernel: `${os.type()} ${os.release()} ${os.arch()}`,
      node: process.version,
      loadBefore: rounded(loadBefore),
      fsync: { p50: rounded(quantile(fsync, 0.5)), p99: rounded(quantile(fsync, 0.99)) },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
