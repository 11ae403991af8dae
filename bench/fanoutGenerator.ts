// The generator of `fanout` and of the benches like it, a process of its own: many subscribers that count, and one sender that
// keeps some messages under way. A message is under way until all who read in its room have it.

import { connectTo, messageTo, subscribe } from './dialogues.ts'
import type { Counted, FanoutNote, FanoutTask, Side } from './fanoutLoad.ts'
import { atOnce, pause } from './pause.ts'
import { note, performTasks } from './processTasks.ts'
import { marked, type RawClient } from './rawClient.ts'

const textLength = 300
/** Connections that are opened at a time. */
const opening = 16
/** From one address. */
const perAddress = 5_000

type Run = Extract<FanoutTask, { kind: 'run' }>

class Fanout {
  readonly #side: Side
  /** Who reads in a room. */
  readonly #readers: number
  #sender: RawClient | undefined
  #delivered = 0
  #sent = 0
  #window = 0
  /** Messages that may be sent in all. */
  #most = Number.POSITIVE_INFINITY
  /** By number of the message. */
  #sentAt: number[] = []
  #delays: number[] = []
  #fault: string | undefined

  constructor(side: Side) {
    this.#side = side
    this.#readers = (side.subscribers - side.stalled) / side.rooms.length
    if (!Number.isInteger(this.#readers)) throw new Error('As many must read in each room.')
  }

  async open(): Promise<void> {
    const { kind, feed, rooms, subscribers, documents, timed, stalled } = this.#side
    const silent: RawClient[] = []
    await atOnce(subscribers, opening, async (index) => {
      const reads = index < subscribers - stalled
      const client = await this.#connect(index, {
        onMessages: reads ? (count) => this.#deliver(count) : () => {},
        ...(index < timed ? { onNumber: (number: number) => this.#time(number) } : {}),
        onEnd: reads ? this.#onEnd : () => {},
      })
      await subscribe(client, kind, {
        index,
        room: rooms[index % rooms.length] ?? '',
        feed,
        document: index % documents,
      })
      if (!reads) silent.push(client)
    })
    this.#sender = await this.#connect(0, { onMessages: () => {}, onEnd: this.#onEnd })
    for (const client of silent) client.stall()
  }

  async run({ window, warmUpMs, until }: Run): Promise<Counted> {
    this.#window = window
    this.#most = Number.POSITIVE_INFINITY
    this.#fill()
    await pause(warmUpMs)
    const before = this.#delivered
    this.#delays = []
    const from = performance.now()
    const cpu = process.cpuUsage()
    note('counting' satisfies FanoutNote)
    if ('ms' in until) {
      await pause(until.ms)
      this.#most = this.#sent
    } else {
      this.#most = this.#sent + until.messages
      this.#fill()
      await this.#allCome()
    }
    const seconds = (performance.now() - from) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const deliveries = this.#delivered - before
    const delays = this.#delays
    note('counted' satisfies FanoutNote)
    await this.#quiet()
    return { deliveries, seconds, generatorCpu: (user + system) / 1e6 / seconds, delays }
  }

  readonly #onEnd = (): void => {
    this.#fault ??= 'A connection was closed.'
  }

  #connect(
    index: number,
    listening: Pick<Parameters<typeof connectTo>[0], 'onMessages' | 'onNumber' | 'onEnd'>,
  ): Promise<RawClient> {
    const { kind, port, tokens } = this.#side
    const from = `127.0.0.${1 + Math.floor(index / perAddress)}`
    return connectTo({ kind, port, from, token: tokens[index % tokens.length] ?? '', ...listening })
  }

  #deliver(count: number): void {
    this.#delivered += count
    this.#fill()
  }

  #time(number: number): void {
    this.#delays.push(performance.now() - (this.#sentAt[number] ?? Number.NaN))
  }

  /** Deliveries of what has been sent. */
  #missing(): number {
    return this.#sent * this.#readers - this.#delivered
  }

  #fill(): void {
    const { kind, rooms } = this.#side
    while (this.#sent < this.#most && this.#missing() <= (this.#window - 1) * this.#readers) {
      const number = this.#sent++
      const text = marked(number).padEnd(textLength, 'a message of the usual length ')
      this.#sentAt[number] = performance.now()
      this.#sender?.send(messageTo(kind, { number, room: rooms[number % rooms.length] ?? '', text }))
    }
  }

  /** @throws when a connection was closed, or nothing has come for 10 s */
  async #allCome(): Promise<void> {
    let before = this.#delivered
    let since = performance.now()
    while (this.#sent < this.#most || this.#missing() > 0) {
      if (this.#fault !== undefined) throw new Error(this.#fault)
      if (this.#delivered > before) {
        before = this.#delivered
        since = performance.now()
      } else if (performance.now() - since > 10_000)
        throw new Error(`${this.#missing()} deliveries are missing, and nothing has come for 10 s.`)
      await pause(10)
    }
  }

  /** @throws when a delivery is missing after 10 s, or one came twice */
  async #quiet(): Promise<void> {
    for (const until = performance.now() + 10_000; this.#missing() > 0; await pause(10)) {
      if (this.#fault !== undefined) throw new Error(this.#fault)
      if (performance.now() > until) throw new Error(`${this.#missing()} deliveries are missing.`)
    }
    await pause(100)
    if (this.#missing() < 0) throw new Error(`${-this.#missing()} deliveries too many.`)
  }
}

let fanout: Fanout | undefined
performTasks<FanoutTask, Counted | null>(async (task) => {
  if (task.kind === 'open') {
    fanout = new Fanout(task.side)
    await fanout.open()
    return null
  }
  return (await fanout?.run(task)) ?? null
})
