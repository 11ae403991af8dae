// Passwords for the command line: never as an argument, which everyone on the machine can read.

import { randomInt } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { CliFailure, exit } from './exit.ts'

/** Where a person types: a terminal, or what is piped. */
export interface PasswordSource {
  readonly input: NodeJS.ReadStream
  /** Where questions are asked. */
  readonly output: NodeJS.WritableStream
}

const terminal: PasswordSource = { input: process.stdin, output: process.stderr }

/**
 * Reads a new password: asks twice on a terminal, without showing it; else takes what is piped, less one line break at its end.
 *
 * @throws {CliFailure} nothing came, or the two differ
 */
export async function readPassword({ input, output }: PasswordSource = terminal): Promise<string> {
  if (!input.isTTY) {
    const piped = (await text(input)).replace(/\r?\n$/, '')
    if (piped !== '') return piped
    throw new CliFailure('No password came. Pipe it to this command, or use --generate-password.', exit.wrongUse)
  }
  const password = await askHidden('Password: ', { input, output })
  if (password === (await askHidden('The same again: ', { input, output }))) return password
  throw new CliFailure('The two passwords differ. Nothing was changed.', exit.wrongUse)
}

/** Letters and digits that are not mistaken for one another. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
const groups = 5
const groupLength = 5

/** 125 random bits, in groups that can be read out. */
export const generatedPassword = (): string =>
  Array.from({ length: groups }, () =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join(''),
  ).join('-')

/** One line that is not shown. Ctrl-C and Ctrl-D end the command. */
function askHidden(question: string, { input, output }: PasswordSource): Promise<string> {
  output.write(question)
  input.setRawMode(true)
  input.setEncoding('utf8')
  input.resume()
  let typed = ''
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      input.off('data', take)
      input.setRawMode(false)
      input.pause()
      output.write('\n')
      settle()
    }
    const take = (chunk: string) => {
      for (const character of chunk)
        switch (character) {
          case '\r':
          case '\n':
            return done(() => resolve(typed))
          case '\u0003':
          case '\u0004':
            return done(() => reject(new CliFailure('Nothing was changed.')))
          case '\u007f':
          case '\b':
            typed = [...typed].slice(0, -1).join('')
            break
          default:
            // Arrow keys and the like begin with an escape: not a character of a password.
            if (character >= ' ') typed += character
        }
    }
    input.on('data', take)
  })
}
