// The example that plays logs of IRC, run as a user runs it.

import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from '../../examples/irc-replay/report.ts'

const here = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const beside = (pattern: string): string => {
  const folder = here('../../..')
  const [found] = globSync(pattern, { cwd: folder })
  return found === undefined ? '' : path.join(folder, found)
}

/** The logs are not part of the repository: where they lie is said, or they are in a folder of data beside it. */
export const ircLogs: string = process.env.PARLEY_IRC_LOGS ?? beside('*/data/ubuntu-irc')

export interface Replayed {
  readonly code: number
  readonly talk: string
  readonly report: Report
}

interface ReplayOptions {
  /** One, or the nodes of a cluster. */
  readonly servers: readonly { readonly url: string }[]
  /** A file, or a folder. */
  readonly logs: string
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Its report is empty where it gave none. */
export async function replayIrc({ servers, logs, flags = [], env = {} }: ReplayOptions): Promise<Replayed> {
  const main = here('../../examples/irc-replay/main.ts')
  const args = [main, logs, ...servers.flatMap(({ url }) => ['--server', url]), '--json', ...flags]
  const options = { maxBuffer: 2 ** 26, env: { ...process.env, ...env } }
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr }),
    )
  })
  const nothing: Report = { files: [], verifications: [], waits: { count: 0, ms: 0 }, seconds: 0 }
  return { code, talk: stderr, report: stdout === '' ? nothing : JSON.parse(stdout) }
}
