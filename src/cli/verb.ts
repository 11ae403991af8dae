// What all verbs have in common.

import { Command, InvalidArgumentError } from 'commander'

export interface VerbOptions {
  readonly description: string
  /** Lines for `--help`, each a command that works. */
  readonly examples: readonly string[]
}

/** Options of every verb that opens the data folder. */
export interface FolderOptions {
  readonly data?: string
  readonly json?: boolean
}

/** A verb with `--data` and `--json`. */
export function folderVerb(name: string, { description, examples }: VerbOptions): Command {
  return new Command(name)
    .description(description)
    .option('--data <dir>', 'the data folder (PARLEY_DATA)')
    .option('--json', 'machine-readable output on stdout')
    .addHelpText('after', examplesText(examples))
}

/** The part of `--help` that shows how it is done. */
export const examplesText = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`

/** For options that take a count from 1. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.')
  return Number(text)
}
