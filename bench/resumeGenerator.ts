// A generator of `resume`, a process of its own: followers of one room, each of whom checks that every message comes once, and
// somebody who sends. What is sent at once may be stored in another order: that which comes in order are revisions.

import { connectTo, messageTo, subscribe } from './dialogues.ts'
import { atOnce, pause } from './pause.ts'
import { performTasks } from './processTasks.ts'
import { marked, type RawClient } from './rawClient.ts'
import type { ResumeOutcome, ResumeTask } from './resumeLoad.ts'

const kind = 'parley'
const textLength = 300
/** Connections that are opened at a time where nobody measures it. */
const opening = 16
/** Sends under way while the room is filled. */
const underWay = 48
const patienceMs = 10_000

type Of<K extends ResumeTask['kind']> = Extract<ResumeTask, { kind: K }>

interface Follower {
  client: RawClient | undefined
  /** Revision that must come next; or, of those who time messages, the first number that has not come. */
  next: number
  /** Numbers above that have come. */
  readonly early: Set<number>
}

class Followers {
  readonly #options: Of<'open'>
  readonly #followers: readonly Follower[]
  #sender: RawClient | undefined
  #acknowledged = 0
  #sent: number
  /** By number of the message. */
  #due: number[] = []
  #delays: number[] = []
  #faults = 0
  #lost = 0
  /** When the newest connection was accepted. */
  #accepted = 0
  #timer: NodeJS.Timeout | undefined
  #onProgress: ((follower: Follower) => void) | undefined

  constructor(options: Of<'open'>) {
    this.#options = options
    this.#sent = options.next
    this.#followers = Array.from({ length: options.followers }, () => ({
      client: undefined,
      next: options.revision ?? options.next,
      early: new Set<number>(),
    }))
  }

  async open(): Promise<void> {
    await atOnce(this.#followers.length, opening, (index) => this.#follow(index, undefined))
    this.#sender = await connectTo({
      ...{ kind, port: this.#options.port, token: this.#options.tokens[0] ?? '' },
      counted: '"__typename":"SendMessagePayload"',
      onMessages: (count) => {
        this.#acknowledged += count
      },
      onEnd: () => this.#lost++,
    })
  }

  async fill({ messages }: Of<'fill'>): Promise<void> {
    const from = this.#acknowledged
    for (let sent = 0; this.#acknowledged - from < messages; ) {
      while (sent < messages && sent - (this.#acknowledged - from) < underWay) {
        this.#send(performance.now())
        sent++
      }
      this.#check()
      await pause(1)
    }
  }

  begin({ rate }: Of<'begin'>): void {
    const gap = 1_000 / rate
    let due = performance.now() + gap
    this.#timer = setInterval(() => {
      for (; due <= performance.now(); due += gap) this.#send(due)
    }, 1)
  }

  take(): readonly number[] {
    const delays = this.#delays
    this.#delays = []
    return delays
  }

  end(): number {
    clearInterval(this.#timer)
    return this.#sent
  }

  async drop({ places, newest }: Of<'drop'>): Promise<{ accepted: number; seconds: number; generatorCpu: number }> {
    const from = performance.now()
    const cpu = process.cpuUsage()
    for (const { client } of this.#followers) client?.cut()
    let behind = this.#followers.length
    const { promise: all, resolve } = Promise.withResolvers<void>()
    for (const [index, follower] of this.#followers.entries()) follower.next = places[index]?.next ?? 0
    this.#onProgress = ({ next }) => {
      if (next !== newest + 1) return
      behind--
      if (behind === 0) resolve()
    }
    await atOnce(places.length, places.length, (index) => this.#follow(index, places[index]?.after))
    await Promise.race([all, this.#stuck()])
    this.#onProgress = undefined
    const seconds = (performance.now() - from) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    return { accepted: (this.#accepted - from) / 1_000, seconds, generatorCpu: (user + system) / 1e6 / seconds }
  }

  async settle({ below }: Of<'settle'>): Promise<number> {
    const missing = () =>
      this.#followers.reduce((sum, { next, early }) => sum + Math.max(0, below - next - early.size), 0)
    for (const until = performance.now() + patienceMs; missing() > 0 && performance.now() < until; ) await pause(20)
    await pause(200)
    this.#check()
    return this.#faults + missing()
  }

  async #follow(index: number, after: string | undefined): Promise<void> {
    const { port, tokens, room, revision } = this.#options
    const follower = this.#followers[index]
    if (!follower) throw new Error('There is no such follower.')
    const client = await connectTo({
      ...{ kind, port, token: tokens[index % tokens.length] ?? '' },
      onMessages: () => {},
      ...(revision === undefined
        ? { onNumber: (number: number) => this.#time(follower, number) }
        : { counted: '"revision":', onNumber: (number: number) => this.#receive(follower, number) }),
      onEnd: () => this.#lost++,
    })
    follower.client = client
    this.#accepted = performance.now()
    await subscribe(client, kind, {
      ...{ index, room, feed: 'conversation', document: 0 },
      ...(after === undefined ? {} : { after }),
    })
  }

  #receive(follower: Follower, revision: number): void {
    if (revision !== follower.next) this.#faults++
    follower.next = revision + 1
    this.#onProgress?.(follower)
  }

  #time(follower: Follower, number: number): void {
    const { early } = follower
    if (number < follower.next || early.has(number)) this.#faults++
    early.add(number)
    while (early.delete(follower.next)) follower.next++
    const due = this.#due[number]
    if (due !== undefined) this.#delays.push(performance.now() - due)
  }

  #send(due: number): void {
    const number = this.#sent++
    this.#due[number] = due
    const text = marked(number).padEnd(textLength, 'a message of the usual length ')
    this.#sender?.send(messageTo(kind, { number, room: this.#options.room, text }))
  }

  /** @throws when a connection was closed */
  #check(): void {
    if (this.#lost > 0) throw new Error(`${this.#lost} connections were closed.`)
  }

  /** @throws when nothing has come for 10 s */
  async #stuck(): Promise<void> {
    const progress = () => this.#followers.reduce((sum, { next }) => sum + next, 0)
    for (let before = -1; before < progress(); await pause(patienceMs)) {
      this.#check()
      before = progress()
    }
    throw new Error('Those who came back are given nothing more.')
  }
}

let followers: Followers | undefined

async function perform(task: ResumeTask): Promise<ResumeOutcome> {
  if (task.kind === 'open') {
    followers = new Followers(task)
    await followers.open()
    return null
  }
  if (!followers) throw new Error('The generator must be connected first.')
  switch (task.kind) {
    case 'fill':
      await followers.fill(task)
      return null
    case 'begin':
      followers.begin(task)
      return null
    case 'take':
      return followers.take()
    case 'end':
      return followers.end()
    case 'drop':
      return await followers.drop(task)
    case 'settle':
      return await followers.settle(task)
  }
}

performTasks<ResumeTask, ResumeOutcome>(perform)
