// What the machine gives: Node, SQLite, room on the disk, rights, open files, a clock.

import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import path from 'node:path'
import { type Finding, ok, problem, warning } from './finding.ts'

/** Majors of Node that Parley runs on, from this one. */
const oldestNode = 26
/** Before it a WAL file could be reset in a way that damaged the database. */
const oldestSqlite = [3, 51, 3] as const

/** What can run out on the disk, with what is too little and what is little. */
const megabyte = 1_048_576
const space = { problem: 100 * megabyte, warning: 1_024 * megabyte }
const inodes = { problem: 100, warning: 10_000 }

/** Each connection takes one, and the stores take some. */
const wantedFiles = 4_096
const fewFiles = 256

export const lookAtNode = (
  versions: { readonly node: string; readonly sqlite?: string | undefined } = process.versions,
): Finding[] => [
  Number.parseInt(versions.node, 10) >= oldestNode
    ? ok('Node', versions.node)
    : problem('Node', versions.node, `Use Node ${oldestNode} or later: npm start brings it along.`),
  lookAtSqlite(versions.sqlite ?? '0'),
]

function lookAtSqlite(version: string): Finding {
  const found = version.split('.').map(Number)
  const at = oldestSqlite.findIndex((part, index) => (found[index] ?? 0) !== part)
  const older = at >= 0 && (found[at] ?? 0) < (oldestSqlite[at] ?? 0)
  if (!older) return ok('SQLite', version)
  return problem(
    'SQLite',
    `${version}, which can damage the log`,
    `Use a Node with ${oldestSqlite.join('.')} or later.`,
  )
}

/** Of the data folder, or of where it will be made. */
export function lookAtFolder(folder: string, uid = process.getuid?.()): Finding[] {
  const there = existing(folder)
  const findings: Finding[] = []
  try {
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return [
      problem(
        'data folder',
        `${there} may not be read and written by this user`,
        'Correct its rights, or name another folder with --data or PARLEY_DATA.',
      ),
    ]
  }
  const { mode, uid: owner } = statSync(there)
  if (there !== folder) findings.push(ok('data folder', `${folder} is made at the first start`))
  else if (!statSync(there).isDirectory())
    return [problem('data folder', `${folder} is no folder`, 'Name another one with --data or PARLEY_DATA.')]
  else if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    findings.push(
      warning(
        'data folder',
        `${folder} is open to other users: it holds texts and the hashes of passwords`,
        `chmod 700 ${folder}`,
      ),
    )
  else if (uid !== undefined && uid !== owner)
    findings.push(
      warning(
        'data folder',
        `${folder} belongs to the user ${owner}, and this one is ${uid}`,
        'Run Parley and its command line as one user.',
      ),
    )
  else findings.push(ok('data folder', folder))
  return [...findings, ...lookAtDisk(there)]
}

function lookAtDisk(folder: string): Finding[] {
  const { bavail, bsize, files, ffree } = statfsSync(folder)
  const free = bavail * bsize
  const megabytes = `${Math.floor(free / megabyte).toLocaleString('en-US')} MB free`
  const room = 'Make room: a full disk stops the taking of messages.'
  return [
    free < space.problem
      ? problem('disk space', megabytes, room)
      : free < space.warning
        ? warning('disk space', megabytes, room)
        : ok('disk space', megabytes),
    // Some file systems make them as they are needed, and say 0.
    files === 0 || ffree >= inodes.warning
      ? ok('inodes', files === 0 ? 'without a limit' : `${ffree.toLocaleString('en-US')} free`)
      : (ffree < inodes.problem ? problem : warning)(
          'inodes',
          `${ffree.toLocaleString('en-US')} free`,
          'Remove small files that nobody needs: without inodes no file can be made.',
        ),
  ]
}

/** @param limit open files that this process may have, as the system says */
export function lookAtOpenFiles(limit = openFileLimit()): Finding {
  if (limit === undefined) return ok('open files', 'the system names no limit')
  if (limit >= wantedFiles) return ok('open files', `up to ${limit.toLocaleString('en-US')}`)
  const detail = `up to ${limit.toLocaleString('en-US')}, and each connection takes one`
  const advice = `Raise the limit to ${wantedFiles.toLocaleString('en-US')} or as many people as you expect: LimitNOFILE= with systemd, ulimit -n in a shell.`
  return limit < fewFiles ? problem('open files', detail, advice) : warning('open files', detail, advice)
}

function openFileLimit(): number | undefined {
  const report: object = process.report.getReport()
  const limits: unknown = 'userLimits' in report ? report.userLimits : undefined
  const files: unknown =
    typeof limits === 'object' && limits !== null && 'open_files' in limits ? limits.open_files : undefined
  const soft: unknown = typeof files === 'object' && files !== null && 'soft' in files ? files.soft : undefined
  return typeof soft === 'number' ? soft : undefined
}

/** @param now ms since 1970 @param newest time of the newest event, where there is one */
export function lookAtClock(now: number, newest: string | undefined): Finding {
  const time = new Date(now).toISOString()
  const ahead = newest === undefined ? 0 : Date.parse(newest) - now
  const advice =
    'Set the clock, and keep it right with NTP: new messages take the time of the newest until it has passed.'
  if (now < Date.UTC(2026, 0)) return problem('clock', `${time}, which is long ago`, advice)
  if (ahead <= 5_000) return ok('clock', time)
  return warning('clock', `${time}, but the newest event happened at ${newest}`, advice)
}

/** The folder, or the nearest one above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : existing(path.dirname(folder))
}
