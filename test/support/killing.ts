// A verb of the command line that does not come to its end.

import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../bin/parley.js', import.meta.url))

/**
 * Runs `parley …` until `enough` says so, and ends it at once, as a power cut of the process would.
 *
 * @returns false where it had come to its end before
 */
export async function parleyKilled(args: readonly string[], enough: () => Promise<boolean>): Promise<boolean> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, PARLEY_LOG_LEVEL: 'silent' },
    stdio: 'ignore',
  })
  let over = false
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_, signal) => {
      over = true
      resolve(signal)
    }),
  )
  while (!over && !(await enough())) await sleep(1)
  child.kill('SIGKILL')
  return (await ended) === 'SIGKILL'
}
