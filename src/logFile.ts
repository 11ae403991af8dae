// The file that log lines are added to as well.

import pino from 'pino'
import { ConfigError } from './config.ts'

/** Lines that wait for room on a full disk; what comes after them is lost. Bytes. */
const waiting = 1_048_576

interface LogFileOptions {
  readonly path: string
  /** Told once each time that lines can no longer be written, and once they can again. */
  readonly onTrouble: (sentence: string) => void
}

export class LogFile implements pino.DestinationStream {
  readonly #path: string
  readonly #destination: ReturnType<typeof pino.destination>
  readonly #onTrouble: (sentence: string) => void
  #troubled = false

  /**
   * Opens it, for its owner alone, and makes it and its folders where they are absent.
   * @throws {ConfigError} it cannot be opened
   */
  constructor({ path, onTrouble }: LogFileOptions) {
    this.#path = path
    this.#onTrouble = onTrouble
    try {
      this.#destination = pino.destination({ dest: path, mkdir: true, sync: true, mode: 0o600, maxLength: waiting })
    } catch (error) {
      throw new ConfigError([
        `PARLEY_LOG_FILE: ${path} cannot be opened (${reasonOf(error)}). Correct the path or its rights.`,
      ])
    }
    // A full disk must not stop the server: the lines are on stderr too.
    this.#destination.on('error', (error: unknown) => this.#trouble(reasonOf(error)))
    this.#destination.on('write', () => {
      if (this.#troubled) this.#onTrouble(`The log file ${path} is written again; lines may be missing in it.`)
      this.#troubled = false
    })
  }

  write(line: string): void {
    this.#destination.write(line)
  }

  /** Opens the path anew: after the file was moved away, so that a fresh one is begun. */
  reopen(): void {
    try {
      this.#destination.reopen()
    } catch (error) {
      this.#trouble(reasonOf(error))
    }
  }

  #trouble(reason: string): void {
    if (this.#troubled) return
    this.#troubled = true
    this.#onTrouble(
      `The log file ${this.#path} cannot be written (${reason}). The server goes on; make room or correct its rights.`,
    )
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
