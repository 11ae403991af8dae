// The jars of mongo-java-server, fetched by Maven once into a folder outside of the repository.
//
// `node test/support/mongodb/jars.ts` fetches them ahead of the tests.

import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const pom = fileURLToPath(new URL('./pom.xml', import.meta.url))
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'parley', 'mongo-java-server-1.47.0')

/** The folder in which they are. @throws {CannotFetch} the message says what is missing */
export async function mongoJars(): Promise<string> {
  if (!(await answers('java', ['--version'])))
    throw new CannotFetch('there is no Java here (17 or newer, with its compiler)')
  if (await isThere(folder)) return folder
  if (!(await answers('mvn', ['--version']))) throw new CannotFetch('there is no Maven here to fetch mongo-java-server')
  await mkdir(dirname(folder), { recursive: true })
  const fetched = await mkdtemp(`${folder}-`)
  try {
    await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${fetched}`])
    // Whole, or not there.
    await rename(fetched, folder)
  } catch (error) {
    // Another process may have been faster.
    await rm(fetched, { recursive: true, force: true })
    if (!(await isThere(folder))) throw new CannotFetch(`Maven cannot fetch mongo-java-server (${String(error)})`)
  }
  return folder
}

export class CannotFetch extends Error {
  override readonly name = 'CannotFetch'
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

const answers = (command: string, args: readonly string[]): Promise<boolean> =>
  run(command, [...args]).then(
    () => true,
    () => false,
  )

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${await mongoJars()}\n`)
  } catch (error) {
    if (!(error instanceof CannotFetch)) throw error
    process.stderr.write(`No MongoDB for the tests: ${error.message}.\n`)
    process.exitCode = 1
  }
}
