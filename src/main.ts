// The entry of the command line.

import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Compiled code is kept between starts, which halves the time that importing takes. Worker threads do the same only where
// the environment says so: without it each of them loads the compiler of types anew.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache')
enableCompileCache()

// Whoever reads the output may stop reading (`| head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const { run } = await import('./cli/program.ts')
process.exitCode = await run(process.argv.slice(2))
