// The entry of the command line.

import { enableCompileCache } from 'node:module'

// Compiled code is kept between starts, which halves the time that importing takes.
enableCompileCache()

// Whoever reads the output may stop reading (`| head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const { run } = await import('./cli/program.ts')
process.exitCode = await run(process.argv.slice(2))
