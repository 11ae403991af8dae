// How the command line ends. Scripts rely on these numbers.

export const exit = {
  done: 0,
  failed: 1,
  /** Wrong arguments or settings. */
  wrongUse: 2,
  /** No server answers, or it is not known where. */
  notReachable: 3,
  /** The caller may not do that. */
  refused: 4,
  /** A verification found differences. */
  differences: 5,
} as const

export type Exit = (typeof exit)[keyof typeof exit]

/** Ends a verb. The message is for a person: what happened, and what to do. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure'
  readonly exit: Exit
  constructor(message: string, code: Exit = exit.failed) {
    super(message)
    this.exit = code
  }
}
