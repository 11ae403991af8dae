// Data goes to stdout, talk to stderr.

/** Writes a line of data; resolves when the reader keeps up. */
export function data(line: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(`${line}\n`)) resolve()
    else process.stdout.once('drain', resolve)
  })
}

/** Says something to the person at the terminal. */
export function talk(line: string): void {
  process.stderr.write(`${line}\n`)
}
