// The read models against the log, by the command line of the server.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../bin/parley.js', import.meta.url))

interface Verified {
  readonly projections: readonly { readonly name: string; readonly compared: number; readonly differences: number }[]
}

export interface Verification {
  /** `verify`, `rebuild` or `verify again`. */
  readonly what: string
  /** Documents compared; 0 where it rebuilds. */
  readonly documents: number
  readonly seconds: number
  readonly differences: readonly string[]
}

/** Verifies all read models, makes them anew, and verifies them again. @param data the server's folder */
export async function verifyAll(data: string): Promise<readonly Verification[]> {
  const first = await projections('verify', 'verify', data)
  const rebuilt = await projections('rebuild', 'rebuild', data)
  return [first, rebuilt, await projections('verify', 'verify again', data)]
}

async function projections(verb: 'verify' | 'rebuild', what: string, data: string): Promise<Verification> {
  const began = performance.now()
  const { code, stdout, stderr } = await run(['projections', verb, '--all', '--json', '--data', data])
  const seconds = (performance.now() - began) / 1000
  const failed = code === 0 ? [] : [`projections ${verb} ended with ${code}: ${stderr.trim()}`]
  if (verb === 'rebuild' || stdout.trim() === '') return { what, documents: 0, seconds, differences: failed }
  const { projections }: Verified = JSON.parse(stdout)
  const differing = projections.filter(({ differences }) => differences > 0)
  return {
    what,
    documents: projections.reduce((sum, { compared }) => sum + compared, 0),
    seconds,
    differences: [...failed, ...differing.map(({ name, differences }) => `${name}: ${differences} documents differ`)],
  }
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      // A signal leaves no code.
      resolve({ code: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr }),
    )
  })
