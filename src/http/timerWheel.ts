// Many timers on one interval: keepalives and deadlines of thousands of connections, a second early or late.

interface TimerWheelOptions {
  /** How exact the timers are, in ms. */
  readonly tickMs?: number
}

/** A class, and no closure: there are several for each connection. */
class Entry implements Disposable {
  readonly dueTick: number
  readonly callback: () => void
  readonly #slot: Set<Entry>

  constructor(dueTick: number, callback: () => void, slot: Set<Entry>) {
    this.dueTick = dueTick
    this.callback = callback
    this.#slot = slot
    slot.add(this)
  }

  [Symbol.dispose](): void {
    this.#slot.delete(this)
  }
}

const slotCount = 64

export class TimerWheel {
  readonly #tickMs: number
  readonly #slots: readonly Set<Entry>[] = Array.from({ length: slotCount }, () => new Set<Entry>())
  readonly #startedAt = performance.now()
  #tick = 0
  #interval: NodeJS.Timeout | undefined

  constructor({ tickMs = 1_000 }: TimerWheelOptions = {}) {
    this.#tickMs = tickMs
  }

  /** Calls back once, `ms` from now, never earlier. Dispose to call it off. */
  after(ms: number, callback: () => void): Disposable {
    // The interval keeps no process alive.
    this.#interval ??= setInterval(() => this.#turn(), this.#tickMs).unref()
    const due = Math.ceil((performance.now() - this.#startedAt + Math.max(0, ms)) / this.#tickMs)
    const dueTick = Math.max(this.#tick + 1, due)
    return new Entry(dueTick, callback, this.#slotOf(dueTick))
  }

  close(): void {
    clearInterval(this.#interval)
    for (const slot of this.#slots) slot.clear()
  }

  #slotOf(tick: number): Set<Entry> {
    const slot = this.#slots[tick % slotCount]
    if (!slot) throw new RangeError(`There is no slot for tick ${tick}.`)
    return slot
  }

  #turn(): void {
    const now = Math.floor((performance.now() - this.#startedAt) / this.#tickMs)
    // After a long pause one round visits every slot.
    this.#tick = Math.max(this.#tick, now - slotCount)
    while (this.#tick < now) {
      this.#tick += 1
      const slot = this.#slotOf(this.#tick)
      for (const entry of slot) {
        if (entry.dueTick > now) continue
        slot.delete(entry)
        entry.callback()
      }
    }
  }
}
