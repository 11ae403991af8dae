// Why the server does not start, in one sentence.

import type { Config } from '../config.ts'
import { CliFailure } from './exit.ts'

/** What to tell the person who started it. Anything that is not foreseen is returned as it is. */
export function startFailure(error: unknown, config: Pick<Config, 'host' | 'port' | 'data'>): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'CannotOpen' || error.name === 'ReadModelsOfAnotherLog') return new CliFailure(error.message)
  const code = 'code' in error ? error.code : undefined
  const listening = 'syscall' in error && error.syscall === 'listen'
  const { host, port, data } = config
  const file = 'path' in error && typeof error.path === 'string' ? error.path : data
  switch (code) {
    case 'EADDRINUSE':
      // The control socket is a path and has no port.
      return 'port' in error
        ? new CliFailure(
            `Port ${port} on ${host} is taken. Stop what listens there, or choose another one with --port.`,
          )
        : new CliFailure(`Another server runs on ${data}. Stop it, or name another folder with --data.`)
    case 'EADDRNOTAVAIL':
      return new CliFailure(
        `This machine has no address ${host}. Choose another one with --host; 127.0.0.1 is always there.`,
      )
    case 'ENOTFOUND':
      return new CliFailure(`The host ${host} is not known. Give an address with --host; 127.0.0.1 is always there.`)
    case 'EACCES':
    case 'EPERM':
      return listening
        ? new CliFailure(`Port ${port} may not be listened on by this user. Choose one above 1023 with --port.`)
        : new CliFailure(
            `${file} may not be read and written by this user. Correct its rights, or name another folder with --data.`,
          )
    case 'EROFS':
      return new CliFailure(`${file} is on a file system that cannot be written. Name another folder with --data.`)
    case 'ENOSPC':
      return new CliFailure(`There is no space left for ${file}. Make room, then start again.`)
    case 'ENOTDIR':
    case 'EEXIST':
      return new CliFailure(`${file} is no folder, or lies in none. Name another folder with --data.`)
    default:
      return error
  }
}
