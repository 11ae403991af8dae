// Somebody who writes all the time: sends, edits, deletes, and changes the topic. Every text holds a mark of its own, by which it is
// known wherever it turns up, and the log says at which position each mark was written.

import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStore, Position, RecordedEvent } from '../../src/eventstore/port.ts'
import type { ApiClient } from './client.ts'
import { mutate } from './mutate.ts'
import type { Random } from './random.ts'

const mark = /¤[\w-]+¤/g

/** The marks in anything that came back. */
export const marksIn = (value: unknown): readonly string[] => (JSON.stringify(value) ?? '').match(mark) ?? []

/** Hears the whole log, before any text is forgotten. */
export class Witness implements Disposable {
  readonly #stop = new AbortController()
  readonly #marks = new Map<string, RecordedEvent>()
  readonly #streams = new Map<string, RecordedEvent[]>()

  constructor(store: EventStore, after: Position) {
    void this.#hear(store, after)
  }

  async #hear(store: EventStore, after: Position): Promise<void> {
    for await (const { events } of store.subscribe({ after, signal: this.#stop.signal }))
      for (const event of events) {
        const stream = this.#streams.get(event.stream) ?? []
        this.#streams.set(event.stream, stream)
        stream.push(event)
        for (const found of marksIn([event.data, event.body])) this.#marks.set(found, event)
      }
  }

  /** The event that wrote it. @throws where nobody has */
  wrote(found: string): RecordedEvent {
    const event = this.#marks.get(found)
    if (!event) throw new Error(`Nobody has written ${found}.`)
    return event
  }

  /** What it has heard of a stream. */
  of(stream: string): readonly RecordedEvent[] {
    return this.#streams.get(stream) ?? []
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }
}

export interface Traffic {
  /** Ids of the messages sent so far, oldest first. */
  readonly messages: readonly string[]
  /** Finishes what is under way. */
  stop(): Promise<void>
}

/** Younger messages than this many are not deleted, so that their texts are heard before they are forgotten. */
const spared = 5

/** @param name told apart from other traffic by it */
export function startTraffic(client: ApiClient, roomId: string, random: Random, name: string): Traffic {
  const messages: string[] = []
  const deleted = new Set<string>()
  let stopped = false
  let count = 0
  const newMark = () => `¤${name}-${++count}¤`
  const once = async (): Promise<void> => {
    const old = messages.slice(0, -spared).filter((id) => !deleted.has(id))
    const recent = messages.slice(-2 * spared).filter((id) => !deleted.has(id))
    const what = random.weighted({ send: 5, edit: recent.length > 0 ? 3 : 0, delete: old.length > 0 ? 1 : 0, topic: 1 })
    switch (what) {
      case 'send': {
        const sent = await mutate(client, 'sendMessage', { conversationId: roomId, text: newMark() }, 'message { id }')
        messages.push(sent.message.id)
        break
      }
      case 'edit':
        await mutate(client, 'editMessage', { messageId: random.pick(recent), text: newMark() })
        break
      case 'delete': {
        const messageId = random.pick(old)
        deleted.add(messageId)
        await mutate(client, 'deleteMessage', { messageId })
        break
      }
      case 'topic':
        await mutate(client, 'updateRoom', { roomId, topic: newMark() })
        break
      default:
        what satisfies never
    }
  }
  const running = (async () => {
    while (!stopped) {
      await once()
      await sleep(random.between(0, 4))
    }
  })()
  return {
    messages,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
