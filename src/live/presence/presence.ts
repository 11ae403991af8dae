// Who is there: the devices of this node, told to the log, and everybody on all nodes, known from it.

import type { Identity } from '../../accounts/sessions.ts'
import { dateTime } from '../../commands/occasion.ts'
import type { PresenceCommands } from '../../commands/presence.ts'
import type { DateTime, UserId } from '../../domain/ids.ts'
import type { EventStore } from '../../eventstore/port.ts'
import { TimerWheel } from '../../http/timerWheel.ts'
import type { ReadModels } from '../../projecting/readModels.ts'
import { Devices, type PresenceTimes, presenceTimes } from './devices.ts'
import { type NodeLives, onlyNode } from './nodeLives.ts'
import { OnlinePeople } from './online.ts'

interface PresenceOptions {
  readonly commands: Pick<PresenceCommands, 'report' | 'empty'>
  readonly store: Pick<EventStore, 'readAll'>
  readonly models: Pick<ReadModels, 'find'>
  /** ms since 1970. */
  readonly now: () => number
  readonly lives?: NodeLives
  readonly times?: PresenceTimes | undefined
}

/** People whose devices are emptied at the same time. */
const together = 250

export class Presence {
  /** Everybody who is there, on all nodes. It listens to the log. */
  readonly online = new OnlinePeople()
  readonly #options: PresenceOptions
  readonly #lives: NodeLives
  readonly #devices: Devices
  readonly #wheel: TimerWheel

  constructor(options: PresenceOptions) {
    const { commands, now, lives = onlyNode(), times = presenceTimes } = options
    this.#options = options
    this.#lives = lives
    // Fine enough for the shorter of the two times, and never finer than is worth it.
    this.#wheel = new TimerWheel({ tickMs: Math.min(1_000, Math.max(10, times.graceMs / 10)) })
    this.#devices = new Devices({
      node: lives.own,
      report: (user, seen) => commands.report(user, seen),
      times,
      wheel: this.#wheel,
      now,
    })
  }

  /** A signed-in connection is open. Dispose of it when it closes. */
  connected({ userId }: Pick<Identity, 'userId'>, connectionId: string): Disposable {
    return this.#devices.connected(userId, connectionId)
  }

  /** Somebody has asked something, over this connection. */
  active({ userId }: Pick<Identity, 'userId'>, connectionId: string): void {
    this.#devices.active(userId, connectionId)
  }

  /** Takes away what dead nodes have left behind, and learns who is there. The read models must hold the log as it is. */
  async open(): Promise<void> {
    await this.online.load(this.#options.models)
    await this.emptyDeadNodes()
  }

  /** Everybody's devices on nodes that live no more are gone. Called at the start, and whenever a node is found to be dead. */
  async emptyDeadNodes(): Promise<void> {
    const people = [...this.online.ids()]
    if (people.length === 0) return
    const at = await this.#lastSign()
    const { commands } = this.#options
    const empty = async (user: UserId): Promise<void> => {
      await commands.empty(user, { nodeIsAlive: (life) => this.#lives.nodeIsAlive(life), at })
    }
    for (let first = 0; first < people.length; first += together)
      await Promise.all(people.slice(first, first + together).map(empty))
  }

  /** Nobody is on this node any more. */
  async close(): Promise<void> {
    await this.#devices.close()
    this.#wheel.close()
  }

  /** When something was last written to the log: until then, at least, the dead node lived. */
  async #lastSign(): Promise<DateTime> {
    // Every event that Parley writes says when it occurred.
    for await (const page of this.#options.store.readAll({ direction: 'backwards', limit: 1 }))
      for (const { metadata } of page) if (metadata.occurredAt !== undefined) return metadata.occurredAt as DateTime
    return dateTime(this.#options.now())
  }
}
