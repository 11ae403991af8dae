// The load generator, a process of its own: it holds the senders and the receivers, so that both time stamps of a latency
// come from one clock.

import type { Connect, Flood, Flooded, Measured, Reply, Steady, Task } from './load.ts'
import { LoopDelay } from './loopDelay.ts'
import { Member } from './member.ts'
import { quantile } from './samples.ts'
import { Visibility } from './visibility.ts'

/** With shorter gaps between two sends, a timer that fires each ms is exact enough; with longer ones the last moment is waited for. */
const exactGapMs = 5
const patienceMs = 10_000

class Load {
  readonly #members: Member[] = []
  readonly #receivers: number
  readonly #connect: Connect
  /** By number of the message. */
  readonly #due: number[] = []
  readonly #ack: (number | undefined)[] = []
  #acked = 0
  #deliveries: { readonly number: number; readonly ms: number }[] = []
  #delivered = 0
  #fault: string | undefined
  #onAck: ((number: number, messageId: string) => void) | undefined

  private constructor(connect: Connect) {
    this.#connect = connect
    this.#receivers = connect.feeds ? connect.tokens.length : 0
  }

  static async open(connect: Connect): Promise<Load> {
    const load = new Load(connect)
    for (const token of connect.tokens) {
      const member = await Member.connect({
        ws: connect.ws,
        token,
        roomId: connect.roomId,
        onAck: (number, messageId) => load.#acknowledged(number, messageId),
        onDelivery: (number) => load.#deliver(number),
        onFault: (message) => {
          load.#fault ??= message
        },
      })
      if (connect.feeds) await member.follow()
      load.#members.push(member)
    }
    return load
  }

  async flood({ underWay, ms }: Flood): Promise<Flooded> {
    const begun = performance.now()
    const ends = begun + ms
    // What warms up is not counted.
    const counting = begun + ms / 4
    let counted = 0
    this.#onAck = () => {
      const now = performance.now()
      if (now >= counting && now < ends) counted++
      if (now < ends) this.#send(now)
    }
    const loop = new LoopDelay()
    for (let sent = 0; sent < underWay; sent++) this.#send(performance.now())
    await pause(ms)
    const loopDelayP99 = loop.p99()
    await this.#quiet()
    this.#deliveries = []
    return { rate: counted / ((ends - counting) / 1_000), loopDelayP99 }
  }

  async steady({ rate, ms, warmUpMs, askedPerSecond = 0 }: Steady): Promise<Measured> {
    const from = this.#due.length + Math.round((rate * warmUpMs) / 1_000)
    const count = Math.round((rate * ms) / 1_000)
    const every = askedPerSecond === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.round(rate / askedPerSecond))
    const visibility = new Visibility(this.#connect.graphql, this.#connect.tokens[0] ?? '')
    this.#onAck = (number, messageId) => {
      if (number >= from && (number - from) % every === 0) visibility.ask(messageId, this.#due[number] ?? Number.NaN)
    }
    const late: number[] = []
    let loop: LoopDelay | undefined
    await this.#pace({ rate, count: from - this.#due.length + count }, (number, ms) => {
      if (number === from) loop = new LoopDelay()
      if (number >= from) late.push(ms)
    })
    const loopDelayP99 = loop?.p99() ?? 0
    const missing = await this.#quiet()
    await visibility.done()
    const ack = this.#ack.slice(from).filter((taken) => taken !== undefined)
    const delivery = this.#deliveries.filter(({ number }) => number >= from).map(({ ms }) => ms)
    this.#deliveries = []
    const { visible, sinceDue, query } = visibility
    return {
      ack,
      delivery,
      visible,
      visibleSinceDue: sinceDue,
      query,
      missing,
      lateP99: quantile(late, 0.99),
      loopDelayP99,
    }
  }

  close(): void {
    for (const member of this.#members) member.close()
  }

  /** Sends on schedule and tells how late each was, in ms. */
  #pace(
    { rate, count }: { readonly rate: number; readonly count: number },
    onSent: (number: number, late: number) => void,
  ): Promise<void> {
    const gap = 1_000 / rate
    const begun = performance.now() + gap
    let sent = 0
    return new Promise((resolve) => {
      const step = (): void => {
        while (sent < count && begun + sent * gap <= performance.now()) {
          const due = begun + sent++ * gap
          const number = this.#send(due)
          onSent(number, performance.now() - due)
        }
        if (sent >= count || this.#fault !== undefined) {
          resolve()
          return
        }
        const wait = begun + sent * gap - performance.now()
        if (gap < exactGapMs || wait > 2) setTimeout(step, gap < exactGapMs ? 1 : wait - 1.5)
        else setImmediate(step)
      }
      step()
    })
  }

  /** Returns the number of the message. */
  #send(due: number): number {
    const number = this.#due.length
    this.#due.push(due)
    this.#ack.push(undefined)
    this.#members[number % this.#members.length]?.send(number)
    return number
  }

  #acknowledged(number: number, messageId: string): void {
    this.#ack[number] = performance.now() - (this.#due[number] ?? Number.NaN)
    this.#acked++
    this.#onAck?.(number, messageId)
  }

  #deliver(number: number): void {
    this.#deliveries.push({ number, ms: performance.now() - (this.#due[number] ?? Number.NaN) })
    this.#delivered++
  }

  /** Resolves once all has come that was sent, with how much had not after 10 s. @throws what must not happen while measuring */
  async #quiet(): Promise<number> {
    const missing = () => this.#due.length * (1 + this.#receivers) - this.#acked - this.#delivered
    const deadline = performance.now() + patienceMs
    while (missing() > 0 && this.#fault === undefined && performance.now() < deadline) await pause(10)
    this.#onAck = undefined
    if (this.#fault !== undefined) throw new Error(this.#fault)
    return missing()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

let load: Load | undefined

async function perform(task: Task): Promise<Flooded | Measured | null> {
  if (task.kind === 'connect') {
    load?.close()
    load = await Load.open(task)
    return null
  }
  if (!load) throw new Error('The generator must be connected first.')
  return task.kind === 'flood' ? await load.flood(task) : await load.steady(task)
}

const answer = (reply: Reply) => process.send?.(reply)
process.on('message', (task: Task) => {
  perform(task).then(
    (outcome) => answer({ outcome }),
    (error: Error) => answer({ failed: error.message }),
  )
})
process.on('disconnect', () => process.exit())
