// Plays IRC logs through the API of a running server, and compares what everybody saw with the files.

import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Api } from './api.ts'
import { People } from './people.ts'
import { type FileResult, playFile } from './playFile.ts'
import { differencesOf, type Report, tableOf } from './report.ts'
import { verifyAll } from './verify.ts'

const usage = `node examples/irc-replay/main.ts FILE_OR_FOLDER… --server URL [--data DIR] [--room NAME] [--lines N] [--password TEXT] [--json]

  --server URL     of a running server, such as http://127.0.0.1:4000; of a cluster, once for each node
  --data DIR       the server's folder: its read models are verified, made anew and verified again
  --room NAME      begins the names of the rooms (IRC)
  --lines N        only the first lines of each file
  --password TEXT  of all accounts that are made; the same in each run
  --json           the results as JSON`

const talk = (line: string): void => void process.stderr.write(`${line}\n`)

interface Options {
  readonly paths: readonly string[]
  readonly servers: readonly string[]
  readonly data: string | undefined
  readonly room: string
  readonly lines: number | undefined
  readonly password: string
  readonly json: boolean
}

/** @throws with what is wrong */
function optionsOf(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      server: { ...text, multiple: true },
      data: text,
      room: { ...text, default: 'IRC' },
      lines: text,
      password: { ...text, default: 'said once on irc' },
      json: { type: 'boolean', default: false },
    },
  })
  const { server: servers = [], data, room, password, json } = values
  if (positionals.length === 0) throw new Error('Name at least one log, or a folder of logs.')
  if (servers.length === 0 || !servers.every((server) => URL.canParse(server)))
    throw new Error('Give the URL of a running server as --server.')
  const lines = values.lines === undefined ? undefined : Number(values.lines)
  if (lines !== undefined && !(Number.isInteger(lines) && lines > 0)) throw new Error('--lines takes a number from 1.')
  return { paths: positionals, servers, data, room, lines, password, json }
}

/** Files as they are; of a folder its logs by name: those that end in `.raw.txt` if there are any, else in `.txt` or `.log`. */
async function logsIn(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(async (given) => {
      if (!(await stat(given)).isDirectory()) return [given]
      const names = (await readdir(given)).sort()
      const raw = names.filter((name) => name.endsWith('.raw.txt'))
      const logs = raw.length > 0 ? raw : names.filter((name) => /\.(txt|log)$/.test(name))
      return logs.map((name) => path.join(given, name))
    }),
  )
  return found.flat()
}

async function replay({ paths, servers, data, room, lines, password }: Options): Promise<Report> {
  const began = performance.now()
  const api = new Api(servers.map((server) => new URL('/graphql', server).href))
  const people = await People.arrive(api, password)
  const files: FileResult[] = []
  for (const file of await logsIn(paths)) {
    const result = await playFile({ people, file, room, ...(lines === undefined ? {} : { lines }) })
    const { added, repeated, differences, seconds } = result
    talk(
      `${result.file}: ${added} events added, ${repeated} messages sent again, ${differences.length} differences, ${seconds.toFixed(1)} s`,
    )
    files.push(result)
  }
  const verifications = data === undefined ? [] : await verifyAll(data)
  return { files, verifications, waits: api.waits, seconds: (performance.now() - began) / 1000 }
}

/** How many differences are told one by one. */
const toldAtMost = 50

/** @returns the exit code: 0 all is as it was said, 1 something differs or went wrong, 2 wrong use */
async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = optionsOf(args)
  } catch (error) {
    talk(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    return 2
  }
  const report = await replay(options)
  const differences = differencesOf(report)
  for (const difference of differences.slice(0, toldAtMost)) talk(difference)
  if (differences.length > toldAtMost) talk(`… and ${differences.length - toldAtMost} more differences`)
  process.stdout.write(`${options.json ? JSON.stringify(report) : tableOf(report)}\n`)
  return differences.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  talk(error instanceof Error ? error.message : String(error))
  return 1
})
