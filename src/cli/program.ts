// The command line: all verbs, and how a failure becomes a sentence and an exit code.

import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { backupVerb } from './backup.ts'
import { configVerb } from './config.ts'
import { doctorVerb } from './doctor.ts'
import { eventsVerb } from './events.ts'
import { CliFailure, type Exit, exit } from './exit.ts'
import { exportVerb } from './export.ts'
import { importVerb } from './import.ts'
import { talk } from './output.ts'
import { projectionsVerb } from './projections.ts'
import { roomsVerb } from './rooms.ts'
import { startVerb } from './start.ts'
import { usersVerb } from './users.ts'
import { examplesText } from './verb.ts'

/** The whole command line. Verbs load what they need when they run, so that `--help` is quick. */
export function buildProgram(): Command {
  const program = new Command('parley')
    .description('A chat backend whose truth is a log of events.')
    .version(version(), '--version', 'the version')
    .helpCommand(false)
    .addHelpText(
      'after',
      `${examplesText(['parley start', 'parley start --port 5000 --data /var/lib/parley', 'parley projections verify --all', 'parley events tail --json'])}

Exit codes: 0 done, 1 failed, 2 wrong use, 3 not reachable, 4 refused, 5 verification found differences.`,
    )
  for (const verb of [
    startVerb(),
    projectionsVerb(),
    eventsVerb(),
    usersVerb(),
    roomsVerb(),
    exportVerb(),
    importVerb(),
    backupVerb(),
    configVerb(),
    doctorVerb(),
  ])
    program.addCommand(verb)
  throwInsteadOfExit(program)
  return program
}

/** Runs one command line, without `node` and the script; says on stderr what went wrong. */
export async function run(args: readonly string[]): Promise<Exit> {
  try {
    await buildProgram().parseAsync(args, { from: 'user' })
    return exit.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.wrongUse
    if (error instanceof CliFailure) {
      talk(error.message)
      return error.exit
    }
    const name = error instanceof Error ? error.name : ''
    if (name === 'ConfigError') {
      talk(messageOf(error))
      return exit.wrongUse
    }
    // These carry a sentence for people; of anything else, the place where it happened is what helps.
    talk(name === 'ControlError' || name === 'CannotOpen' ? messageOf(error) : traceOf(error))
    return exit.failed
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows how it is used)')
  for (const child of command.commands) throwInsteadOfExit(child)
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return typeof content === 'object' && content !== null && 'version' in content ? String(content.version) : 'unknown'
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const traceOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))
