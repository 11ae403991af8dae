// Verbs that read what is there must not make a new folder where the name of one was mistyped.

import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import { CliFailure } from './exit.ts'

/** @throws {CliFailure} the log belongs in the data folder, and is not there */
export function expectLog({ data, eventstore }: Pick<Config, 'data' | 'eventstore'>): void {
  if (eventstore !== 'sqlite' || existsSync(path.join(data, 'log.db'))) return
  throw new CliFailure(`There is no log in ${data}. Name the folder of the server with --data.`)
}
