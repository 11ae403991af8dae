// What the server writes about itself: on stderr, for people or for machines, and to a file where one is set.

import pino from 'pino'
import type { Config } from './config.ts'
import { LogFile } from './logFile.ts'

export type Logger = pino.Logger

/** What must never be in a line, wherever it stands. Callers leave it out themselves; this is for the day one forgets. */
const hidden = [
  'authorization',
  'Authorization',
  'cookie',
  'token',
  'secret',
  'password',
  'passwordHash',
  'text',
  'body',
]

export interface LoggerOptions {
  readonly config: Pick<Config, 'logLevel' | 'logFormat' | 'logFile'>
  /** Where lines go; stderr by default. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly env?: { readonly [name: string]: string | undefined }
  /** Called where there is a log file, with what opens it anew. */
  readonly onFile?: (reopen: () => void) => void
}

/**
 * A logger that writes at once, so that the last line before a crash is there.
 *
 * @throws {ConfigError} the log file cannot be opened
 */
export async function createLogger({ config, stream, env = process.env, onFile }: LoggerOptions): Promise<Logger> {
  const terminal = stream ?? process.stderr
  const format = config.logFormat ?? (terminal.isTTY ? 'pretty' : 'json')
  const level = config.logLevel
  const main =
    format === 'pretty'
      ? await prettyStream({ destination: stream, colorize: terminal.isTTY === true && !env.NO_COLOR })
      : (stream ?? pino.destination({ fd: 2, sync: true }))
  const streams: pino.StreamEntry[] = [{ level: 'trace', stream: main }]
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: hidden.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
  }
  if (config.logFile !== undefined) {
    // What is wrong with the file cannot be told in it.
    const beside = pino(options, main)
    const file = new LogFile({ path: config.logFile, onTrouble: (sentence) => beside.error(sentence) })
    streams.push({ level: 'trace', stream: file })
    onFile?.(() => file.reopen())
  }
  return pino(options, pino.multistream(streams))
}

interface PrettyOptions {
  readonly destination: NodeJS.WritableStream | undefined
  readonly colorize: boolean
}

async function prettyStream({ destination, colorize }: PrettyOptions): Promise<pino.DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
  const out = destination ?? pino.destination({ fd: 2, sync: true })
  return { write: (line: string) => void out.write(pretty(line)) }
}
