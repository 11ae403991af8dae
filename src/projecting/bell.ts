// Wakes one loop. A ring that comes while nobody waits is not lost.

export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    if (this.#wake) this.#wake()
    else this.#rung = true
  }

  /** Resolves at the next ring, after `timeoutMs`, or when the signal is aborted. One caller at a time. */
  async wait(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((settle) => {
        const resolve = (): void => settle()
        this.#wake = resolve
        signal.addEventListener('abort', resolve, { once: true })
        if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs)
      }).finally(() => {
        if (this.#wake) signal.removeEventListener('abort', this.#wake)
        clearTimeout(timer)
        this.#wake = undefined
      })
    }
    this.#rung = false
  }
}
