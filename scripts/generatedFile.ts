// A file that is made by a script and kept in git: written, or compared with what it should be.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.dirname(import.meta.dirname)

export interface GeneratedFile {
  /** Relative to the repository. */
  readonly file: string
  readonly content: string
}

/**
 * Writes the files; with `--check` among the arguments, compares them, says which differ and sets the exit code.
 *
 * @param command what to run to bring them up to date
 */
export function writeOrCompare(files: readonly GeneratedFile[], command: string): void {
  const check = process.argv.includes('--check')
  for (const { file, content } of files) {
    const target = path.join(root, file)
    if (current(target) === content) continue
    if (check) {
      console.error(`${file} is not up to date. Run: ${command}`)
      process.exitCode = 1
    } else {
      mkdirSync(path.dirname(target), { recursive: true })
      writeFileSync(target, content)
      console.error(`${file} written.`)
    }
  }
}

function current(target: string): string | undefined {
  try {
    return readFileSync(target, 'utf8')
  } catch {
    // Not there: it differs from whatever it should be.
    return undefined
  }
}
