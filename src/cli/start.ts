// `parley start`: runs the server until it is told to stop.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { Command } from 'commander'
import type { RunningServer } from '../server.ts'
import { CliFailure, exit } from './exit.ts'
import { data, talk } from './output.ts'
import { startFailure } from './startFailure.ts'
import { stopSignals } from './stopSignals.ts'
import { examplesText, type FolderOptions } from './verb.ts'

/** How long closing may take before the process ends all the same, in ms. */
const closeLimit = 9_500

interface StartOptions extends FolderOptions {
  readonly host?: string
  readonly port?: string
  readonly logLevel?: string
}

export function startVerb(): Command {
  return new Command('start')
    .description('run the server')
    .option('--port <port>', 'the port; 0 takes a free one (PARLEY_PORT, 4000)')
    .option('--host <address>', 'the address to listen on (PARLEY_HOST, 127.0.0.1)')
    .option('--data <dir>', 'the data folder (PARLEY_DATA, ./data)')
    .option('--log-level <level>', 'the least important lines that are logged (PARLEY_LOG_LEVEL, info)')
    .option('--json', 'one JSON object on stdout when ready: url, graphql, ws, pid')
    .addHelpText(
      'after',
      examplesText(['parley start', 'parley start --host 0.0.0.0 --port 8080', 'parley start --port 0 --json']),
    )
    .action(start)
}

async function start({ json, ...flags }: StartOptions): Promise<void> {
  const stopping = stopSignals({
    onForce: () => process.exit(exit.failed),
    signals: ['SIGINT', 'SIGTERM', ...(process.stderr.isTTY ? (['SIGHUP'] as const) : [])],
  })
  // Away from a terminal it means: the log file was moved away, begin another one. Where there is none, it means stop.
  let onHangup = (): void => {
    process.kill(process.pid, 'SIGTERM')
  }
  if (!process.stderr.isTTY) process.on('SIGHUP', () => onHangup())
  try {
    const server = await launch(flags, (reopen) => {
      onHangup = reopen
    })
    await announce(server, json === true)
    await Promise.race([stopping.first, server.closed])
    if (!stopping.asked) throw new CliFailure('The server stopped by itself. The lines above say why.')
    talk('Stopping ...')
    await closeInTime(server)
  } catch (error) {
    stopping.dispose()
    throw error
  }
  // At once, with the signals still taken: a process that ends by itself first gives them up, and a second one would cut it off.
  process.exit(exit.done)
}

async function launch(flags: Omit<StartOptions, 'json'>, onFile: (reopen: () => void) => void): Promise<RunningServer> {
  const { settingsFor } = await import('./settings.ts')
  const { config, warnings } = await settingsFor(flags)
  try {
    const [{ createLogger }, { loadEngines }] = await Promise.all([import('../logger.ts'), import('../engines.ts')])
    const logger = await createLogger({ config, onFile })
    for (const warning of warnings) logger.warn(warning)
    const open = await loadEngines(config)
    // The threads of the stores get ready while everything else is loaded, which keeps this one from turning.
    const engines = open({ config, onFault: (message) => logger.error(message) })
    await Promise.race([engines, nextTurn()])
    try {
      const [{ startServer }, { refusePendingImport }, { documents }] = await Promise.all([
        import('../server.ts'),
        import('../transfer/pendingImport.ts'),
        engines,
      ])
      await refusePendingImport(documents)
      return await startServer({ config, logger, open: () => engines })
    } catch (error) {
      const opened = await engines.catch(() => undefined)
      await opened?.[Symbol.asyncDispose]()
      throw error
    }
  } catch (error) {
    throw startFailure(error, config)
  }
}

async function announce(server: RunningServer, json: boolean): Promise<void> {
  talk('Parley is ready:')
  for (const address of server.addresses) talk(`  ${address}`)
  talk(`GraphQL: ${server.graphql}  WebSocket: ${server.ws}`)
  if (server.claimUrl !== undefined) {
    talk('Nobody owns this server yet. Whoever opens this link makes it theirs; it holds until the server stops:')
    talk(`  ${server.claimUrl}`)
  }
  if (json) await data(JSON.stringify({ url: server.url, graphql: server.graphql, ws: server.ws, pid: process.pid }))
}

async function closeInTime(server: RunningServer): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), closeLimit)
  })
  const how = await Promise.race([server.close('asked to stop').then(() => 'closed' as const), late])
  clearTimeout(timer)
  if (how === 'late') {
    talk('Not everything could be closed in time. What was acknowledged is in the log.')
    process.exit(exit.failed)
  }
}
