// The settings as a verb sees them: flags, the environment with .env, and the file in the data folder.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import type { Loaded, LoadOptions } from '../config.ts'

/**
 * Loads the settings. Variables of a `.env` in the working folder count where the environment itself has none.
 *
 * @throws {ConfigError}
 */
export async function settingsFor(flags: NonNullable<LoadOptions['flags']>): Promise<Loaded> {
  const { ConfigError, loadConfig } = await import('../config.ts')
  const cwd = process.cwd()
  const file = path.join(cwd, '.env')
  let fromFile: NodeJS.Dict<string> = {}
  try {
    fromFile = parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT')
      throw new ConfigError([`${file} cannot be read (${String(code ?? error)}). Correct its rights.`])
  }
  return loadConfig({ flags, env: { ...fromFile, ...process.env }, cwd })
}
