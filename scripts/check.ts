// `npm run check`: everything that can be said about the code without running it. One line a step; exit 1 on any.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { root } from './generatedFile.ts'

interface Step {
  readonly name: string
  /** What Node is started with. */
  readonly args: readonly string[]
}

const tool = (file: string) => path.join('node_modules', file)
const folders = ['src', 'projections', 'schema', 'clients', 'test', 'bench', 'examples', 'scripts']

const steps: readonly Step[] = [
  { name: 'types', args: [tool('typescript/bin/tsc'), '--noEmit', '-p', '.'] },
  {
    name: 'format and lint',
    args: [tool('@biomejs/biome/bin/biome'), 'check', '--diagnostic-level=warn', '--error-on-warnings', '.'],
  },
  { name: 'unused code', args: [tool('knip/bin/knip.js'), '--no-progress', '--no-config-hints'] },
  {
    name: 'boundaries',
    args: [
      tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.mjs',
      ...folders.filter((folder) => existsSync(path.join(root, folder))),
    ],
  },
  { name: 'schema snapshot', args: ['scripts/schema.ts', '--check'] },
  { name: 'client types', args: ['scripts/codegen.ts', '--check'] },
  { name: 'generated reference', args: ['scripts/generate.ts', '--check'] },
]

interface Outcome {
  readonly ok: boolean
  /** What the step wrote; shown when it failed. */
  readonly output: string
  readonly seconds: number
}

function run({ args }: Step): Promise<Outcome> {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const end = (ok: boolean) => resolve({ ok, output, seconds: (performance.now() - started) / 1000 })
    child.on('error', (error) => {
      output += error.message
      end(false)
    })
    child.on('close', (code) => end(code === 0))
  })
}

const waiting = [...steps]

/** Takes steps until none are left. Two at a time: most of them wait for the disk half of the time. */
async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const { ok, output, seconds } = await run(step)
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${step.name.padEnd(20)} ${seconds.toFixed(1).padStart(5)} s`)
    if (ok) continue
    console.log(output.trimEnd().replace(/^/gm, '      '))
    process.exitCode = 1
  }
}

await Promise.all([work(), work()])
