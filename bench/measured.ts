// A server with a data folder of its own, on the engines that are to be measured; all of it goes with it.

import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { benchFolder } from './disk.ts'
import { requireEngines } from './engines.ts'
import type { BenchOptions } from './result.ts'
import { type BenchServer, startBenchServer } from './server.ts'

/** @throws where the engines of a cluster are asked for and cannot be there */
export async function startMeasured(
  name: string,
  {
    profile,
    cluster = false,
    env = {},
  }: Pick<BenchOptions, 'profile' | 'cluster'> & { readonly env?: Record<string, string> },
): Promise<BenchServer> {
  await using stack = new AsyncDisposableStack()
  const folder = benchFolder(name)
  stack.defer(() => rmSync(folder, { recursive: true }))
  const data = path.join(folder, 'data')
  mkdirSync(data)
  let engines: Readonly<Record<string, string>> = {}
  if (cluster) engines = stack.use(await requireEngines()).env
  const server = stack.use(await startBenchServer({ folder: data, profile, env: { ...engines, ...env } }))
  const { graphql, ws, pid, readyMs } = server
  const owned = stack.move()
  return { graphql, ws, pid, readyMs, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
