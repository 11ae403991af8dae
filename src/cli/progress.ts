// A bar for what takes longer than two seconds, on a terminal only.

import cliProgress from 'cli-progress'

/** How long something is waited for without a word, in ms. */
const patience = 2_000

export interface ProgressOptions {
  /** What is being done: `Rebuilding`. */
  readonly title: string
  readonly stream?: NodeJS.WriteStream
  /** Milliseconds from any fixed moment. */
  readonly now?: () => number
}

export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #now: () => number
  readonly #title: string
  readonly #started: number
  #bar: cliProgress.SingleBar | undefined

  constructor({ title, stream = process.stderr, now = () => performance.now() }: ProgressOptions) {
    this.#title = title
    this.#stream = stream
    this.#now = now
    this.#started = now()
  }

  /** @param what shown behind the figures: the name of the part that is under way */
  update({ done, total, what = '' }: { readonly done: number; readonly total: number; readonly what?: string }): void {
    if (!this.#stream.isTTY || this.#now() - this.#started < patience) return
    if (this.#bar === undefined) {
      this.#bar = new cliProgress.SingleBar({
        format: `${this.#title} {bar} {percentage} % {value}/{total} {what}`,
        formatValue: (value) => value.toLocaleString('en-US'),
        stream: this.#stream,
        hideCursor: true,
        clearOnComplete: true,
      })
      this.#bar.start(total, done, { what })
      return
    }
    this.#bar.setTotal(total)
    this.#bar.update(done, { what })
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
