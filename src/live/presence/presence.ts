// Who is there: the devices of this node, told to the log, and everybody on all nodes, known from it.

import type { Identity } from '../../accounts/sessions.ts'
import { dateTime } from '../../commands/occasion.ts'
import type { PresenceCommands } from '../../commands/presence.ts'
import type { DateTime } from '../../domain/ids.ts'
import type { EventStore } from '../../eventstore/port.ts'
import { TimerWheel } from '../../http/timerWheel.ts'
import type { ReadModels } from '../../projecting/readModels.ts'
import { Devices, type PresenceTimes, presenceTimes } from './devices.ts'
import { type NodeLives, onlyNode } from './nodeLives.ts'
import { OnlinePeople } from './online.ts'

interface PresenceOptions {
  readonly commands: Pick<PresenceCommands, 'report' | 'lives' | 'empty'>
  readonly store: Pick<EventStore, 'readAll'>
  readonly models: Pick<ReadModels, 'find'>
  /** ms since 1970. */
  readonly now: () => number
  /** Without it this is the only node. */
  readonly lives?: NodeLives
  readonly times?: PresenceTimes | undefined
}

/** People whose devices are emptied at the same time. */
const together = 250

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let first = 0; first < items.length; first += together)
    await Promise.all(items.slice(first, first + together).map(work))
}

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
    this.#lives.onLook(() => this.emptyDeadNodes())
    this.#lives.onNewLife((life) => this.#devices.newLife(life))
  }

  /** Everybody's devices on nodes that live no more are gone. Called at the start, and whenever this node has looked who lives. */
  async emptyDeadNodes(): Promise<void> {
    const { commands } = this.#options
    const unknown = [...this.online.lives()].filter(([, lives]) => lives === undefined)
    await inGroups(unknown, async ([user]) => this.online.lookedUp(user, await commands.lives(user)))
    const gone = new Set<string>()
    for (const life of new Set([...this.online.lives()].flatMap(([, lives]) => lives ?? [])))
      if (!(await this.#lives.nodeIsAlive(life))) gone.add(life)
    if (gone.size === 0) return
    const at = await this.#lastSign()
    // Whoever cannot be told of now is there the next time.
    await inGroups(
      [...this.online.lives()].filter(([, lives]) => lives?.some((life) => gone.has(life))),
      async ([user]) => void (await commands.empty(user, { gone, at })),
    )
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
