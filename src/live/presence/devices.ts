// The devices of this node: which connections each person has open, and whether anything is asked on them. The log is told of
// transitions only; a connection that is lost and made again in time is none.

import { dateTime } from '../../commands/occasion.ts'
import type { UserId } from '../../domain/ids.ts'
import { type Attendance, attendanceOf, type Device, type Report } from '../../domain/presence.ts'
import type { TimerWheel } from '../../http/timerWheel.ts'

export interface PresenceTimes {
  /** How long somebody whose last connection has gone is still there, in ms. */
  readonly graceMs: number
  /** How long nothing must have been asked on any connection for somebody to be away, in ms. */
  readonly awayAfterMs: number
}

export const presenceTimes: PresenceTimes = { graceMs: 10_000, awayAfterMs: 600_000 }

interface DevicesOptions {
  /** The life of this node. */
  readonly node: string
  /** Tells the log. Told again later where it was refused. */
  readonly report: (user: UserId, seen: Report) => Promise<{ readonly kind: 'done' | 'refused' }>
  readonly times: PresenceTimes
  readonly wheel: TimerWheel
  /** ms since 1970. */
  readonly now: () => number
}

/** Times of `performance.now()` unless said. */
interface Connection {
  readonly id: string
  /** ms since 1970. */
  readonly since: number
  usedAt: number
  /** How often it was said to be connected, less how often it was let go. */
  holds: number
}

interface Person {
  /** Few: a map of each person's own would be most of what somebody costs here. */
  devices: readonly Connection[]
  /** Something was asked that came over none of the devices, as over plain HTTP. */
  usedAt: number
  /** When the last device went. */
  goneAt: number
  /** The same in ms since 1970. */
  goneTime: number
  /** What the log has been told. */
  told: Attendance
  telling: Promise<void> | undefined
  /** When to look again whether something has changed by time alone. */
  timer: Disposable | undefined
}

/** After how long the log is told again, where it could not be, in ms. */
const againMs = 2_000

const deviceOf = ({ devices }: Person, connectionId: string): Connection | undefined =>
  devices.find(({ id }) => id === connectionId)

/** A class, and no closure: each connection has one. */
class Hold implements Disposable {
  readonly #devices: Devices
  readonly #user: UserId
  readonly #connectionId: string
  #held = true

  constructor(devices: Devices, user: UserId, connectionId: string) {
    this.#devices = devices
    this.#user = user
    this.#connectionId = connectionId
  }

  [Symbol.dispose](): void {
    if (!this.#held) return
    this.#held = false
    this.#devices.letGo(this.#user, this.#connectionId)
  }
}

export class Devices {
  readonly #options: DevicesOptions
  readonly #people = new Map<UserId, Person>()
  #node: string
  #closed = false

  constructor(options: DevicesOptions) {
    this.#options = options
    this.#node = options.node
  }

  /** The node goes on under another life: whatever was told under the one before is gone. */
  newLife(node: string): void {
    this.#node = node
    for (const [user, person] of this.#people) {
      person.told = 'none'
      this.#review(user, person)
    }
  }

  /** A connection of somebody is open. Dispose of it when it closes; the same one may be told of several times. */
  connected(user: UserId, connectionId: string): Disposable {
    if (this.#closed) return { [Symbol.dispose]: () => {} }
    const person = this.#people.get(user) ?? this.#add(user)
    const now = performance.now()
    const known = deviceOf(person, connectionId)
    const device = known ?? { id: connectionId, since: this.#options.now(), usedAt: now, holds: 0 }
    device.usedAt = now
    device.holds++
    if (!known) person.devices = person.devices.concat(device)
    this.#review(user, person)
    return new Hold(this, user, connectionId)
  }

  /** One of those who have told of this connection does not hold it any more. */
  letGo(user: UserId, connectionId: string): void {
    const person = this.#people.get(user)
    const device = person && deviceOf(person, connectionId)
    if (!device) return
    device.holds--
    if (device.holds > 0 || this.#closed) return
    person.devices = person.devices.filter((one) => one !== device)
    if (person.devices.length === 0) {
      person.goneAt = performance.now()
      person.goneTime = this.#options.now()
    }
    this.#review(user, person)
  }

  /** Somebody has asked something: over one of their devices, or otherwise. */
  active(user: UserId, connectionId: string): void {
    const person = this.#people.get(user)
    if (!person) return
    const device = deviceOf(person, connectionId)
    if (device) device.usedAt = performance.now()
    else person.usedAt = performance.now()
    if (person.told === 'away') this.#review(user, person)
  }

  /** The node stops: nobody is here any more, without any grace. Resolves once the log knows, or cannot be told. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const leaving = [...this.#people].map(async ([user, person]) => {
      person.timer?.[Symbol.dispose]()
      if (person.devices.length > 0) person.goneTime = this.#options.now()
      person.devices = []
      await person.telling
      if (person.told !== 'none') await this.#tell(user, person)
    })
    await Promise.all(leaving)
    this.#people.clear()
  }

  #add(user: UserId): Person {
    const person: Person = {
      devices: [],
      usedAt: Number.NEGATIVE_INFINITY,
      goneAt: Number.NEGATIVE_INFINITY,
      goneTime: 0,
      told: 'none',
      telling: undefined,
      timer: undefined,
    }
    this.#people.set(user, person)
    return person
  }

  /** Tells the log if there is something to tell, and sees to it that somebody looks again when time may change it. */
  #review(user: UserId, person: Person): void {
    if (person.telling || this.#closed) return
    person.timer?.[Symbol.dispose]()
    person.timer = undefined
    if (this.#attendance(person) !== person.told) {
      person.telling = this.#tell(user, person).finally(() => {
        person.telling = undefined
        this.#review(user, person)
      })
      return
    }
    const due = this.#dueIn(person)
    if (due === undefined) {
      if (person.devices.length === 0) this.#people.delete(user)
      return
    }
    person.timer = this.#options.wheel.after(due, () => this.#review(user, person))
  }

  async #tell(user: UserId, person: Person): Promise<void> {
    const seen = this.#attendance(person)
    const devices = this.#devicesOf(person)
    const at = dateTime(person.goneTime)
    const node = this.#node
    try {
      const outcome = await this.#options.report(user, { node, devices, at })
      // Told under a life that is over, it is told again.
      if (outcome.kind === 'done') {
        if (node === this.#node) person.told = seen
        return
      }
    } catch {
      // The log is away, which the server says elsewhere. What is seen stays so, and is told when it is back.
    }
    if (this.#closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#options.wheel.after(againMs, resolve)
    await promise
  }

  #attendance(person: Person): Attendance {
    if (person.devices.length > 0) {
      const away = this.#awayOf(person)
      return attendanceOf(person.devices.map((device) => ({ away: away(device) })))
    }
    const waits = !this.#closed && performance.now() - person.goneAt < this.#options.times.graceMs
    return waits ? person.told : 'none'
  }

  #devicesOf(person: Person): readonly Device[] {
    const away = this.#awayOf(person)
    return person.devices.map((device) => ({ id: device.id, since: dateTime(device.since), away: away(device) }))
  }

  /** Which of their devices nothing has been asked on for some time. */
  #awayOf({ usedAt }: Person): (device: Connection) => boolean {
    const before = performance.now() - this.#options.times.awayAfterMs
    return (device) => Math.max(device.usedAt, usedAt) <= before
  }

  /** In how many ms time alone may change what is seen; undefined where it cannot. */
  #dueIn(person: Person): number | undefined {
    const { graceMs, awayAfterMs } = this.#options.times
    const now = performance.now()
    if (person.devices.length === 0) return person.told === 'none' ? undefined : person.goneAt + graceMs - now
    if (person.told === 'away') return undefined
    let used = person.usedAt
    for (const device of person.devices) used = Math.max(used, device.usedAt)
    return used + awayAfterMs - now
  }
}
