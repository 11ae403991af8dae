// Makes deleted texts unreadable for ever, once no read model needs them or holds them any more.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import type { LogListener } from '../eventstore/follower.ts'
import type { Delivery, EventStore, Position } from '../eventstore/port.ts'
import type { Logger } from '../projecting/logger.ts'
import { Process } from './process.ts'

export interface ForgettingOptions {
  readonly store: EventStore
  readonly documents: Documents
  readonly logger: Logger
  /** Up to where every build has been folded, those under way and those being dropped too. */
  readonly readModels: { readonly slowest: Position }
  /** As of `Process`: it must be where the builds are folded, since only there it is known how far all of them are. */
  readonly turn?: (() => boolean) | undefined
}

/** How long deletions are gathered, so that many cost little more than one, in ms. */
const gatherMs = 250
/** How often it looks whether the read models are far enough, in ms. */
const lookMs = 20
/** Events forgotten in one go. */
const atOnce = 500

export class Forgetting implements LogListener {
  readonly #options: ForgettingOptions
  readonly #process: Process<'MessageDeleted' | 'PasswordChanged'>
  #holds = 0
  #forgotten = 0

  constructor(options: ForgettingOptions) {
    const { store, documents, logger, turn } = options
    this.#options = options
    this.#process = new Process({
      store,
      documents,
      logger,
      name: 'forgetting',
      types: ['MessageDeleted', 'PasswordChanged'],
      gatherMs,
      turn,
      handle: (events, position, signal) =>
        this.#forget(
          events.flatMap((event) => event.data.forgets),
          position,
          signal,
        ),
    })
  }

  /** Everything that was deleted up to here has been forgotten. */
  get checkpoint(): Position {
    return this.#process.checkpoint
  }

  /** Bodies forgotten since the start; those that were forgotten before count again after a restart. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** What keeps it from going on now, as a sentence. */
  get trouble(): string | undefined {
    return this.#process.trouble
  }

  open(): Promise<void> {
    return this.#process.open()
  }

  deliver(delivery: Delivery): void {
    this.#process.deliver(delivery)
  }

  /** Resolves when everything that has been deleted by now is forgotten. */
  idle(): Promise<void> {
    return this.#process.idle()
  }

  /** Nothing is forgotten until this is disposed of. What is being forgotten at this moment still goes. */
  hold(): Disposable {
    this.#holds += 1
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#holds -= 1
        held = false
      },
    }
  }

  close(): Promise<void> {
    return this.#process.close()
  }

  async #forget(ids: readonly string[], position: Position, signal: AbortSignal): Promise<void> {
    const { store, documents, readModels } = this.#options
    for (let from = 0; from < ids.length; from += atOnce) {
      while (this.#holds > 0 || readModels.slowest < position) await sleep(lookMs, undefined, { signal })
      await store.forget(ids.slice(from, from + atOnce))
    }
    if (ids.length > 0) await documents.scrub()
    this.#forgotten += ids.length
  }
}
