// The channels of a node: one for each conversation that somebody follows, told of every event by the node's one subscription to
// the log.

import { GraphQLError } from 'graphql'
import { conversations } from '../commands/aggregate.ts'
import type { Snapshots } from '../commands/streamState.ts'
import type { LogFollower } from '../eventstore/follower.ts'
import type { RecordedEvent } from '../eventstore/port.ts'
import { Channel } from './channel.ts'
import type { Rings } from './rings.ts'

interface ChannelsOptions {
  readonly snapshots: Snapshots
  readonly follower: Pick<LogFollower, 'handled' | 'reached'>
  readonly rings: Rings
}

/** A channel with those who use it, or are about to. */
interface Shared {
  readonly channel: Channel
  readonly opened: Promise<void>
  users: number
  /** Since nobody uses it. */
  lingering?: NodeJS.Timeout | undefined
}

/** How long a new feed waits for the node to have handled what the log held when it asked, in ms. */
const patienceMs = 5_000
/** A channel that nobody uses is kept for so long, in ms: those whose connections broke come back to what is kept of it. */
const lingerMs = 30_000
/** So many at most. */
const lingerers = 32

export class Channels {
  readonly #options: ChannelsOptions
  readonly #channels = new Map<string, Shared>()
  /** Channels with events that their followers have not been told of. */
  readonly #news = new Set<Channel>()
  /** Those that nobody uses, the longest first. */
  readonly #lingering = new Set<Shared>()
  #waking: NodeJS.Immediate | undefined

  constructor(options: ChannelsOptions) {
    this.#options = options
  }

  /** Channels whose followers are about to be told that there is something to pull. */
  get news(): ReadonlySet<Channel> {
    return this.#news
  }

  deliver(events: readonly RecordedEvent[]): void {
    if (this.#channels.size === 0) return
    for (const event of events) {
      const channel = this.#channels.get(event.stream)?.channel
      if (!channel) continue
      channel.push(event)
      this.#news.add(channel)
    }
    // Frames are made after this turn: whoever sent these events hears first that they are stored, and what comes
    // together goes out together.
    if (this.#news.size > 0) this.#waking ??= setImmediate(() => this.#wake())
  }

  /**
   * The channel of a stream, made when the first one follows it. Each call that succeeds is paired with one of `release`.
   * @throws GraphQLError UNAVAILABLE when the node does not catch up with the log
   */
  async acquire(stream: string): Promise<Channel> {
    const known = this.#channels.get(stream)
    const shared = known ?? this.#make(stream)
    shared.users++
    clearTimeout(shared.lingering)
    this.#lingering.delete(shared)
    try {
      await shared.opened
      return shared.channel
    } catch (error) {
      shared.users--
      if (shared.users === 0) this.#end(shared)
      throw error
    }
  }

  release(channel: Channel): void {
    const shared = this.#channels.get(channel.stream)
    if (shared?.channel === channel) this.#letGo(shared)
  }

  #letGo(shared: Shared): void {
    shared.users--
    if (shared.users > 0) return
    shared.lingering = setTimeout(() => this.#end(shared), lingerMs).unref()
    this.#lingering.add(shared)
    const [oldest] = this.#lingering
    if (this.#lingering.size > lingerers && oldest) this.#end(oldest)
  }

  #end(shared: Shared): void {
    clearTimeout(shared.lingering)
    this.#lingering.delete(shared)
    const { channel } = shared
    if (this.#channels.get(channel.stream) === shared) this.#channels.delete(channel.stream)
    channel.close()
  }

  #make(stream: string): Shared {
    const channel = new Channel(stream, this.#options.rings)
    const shared = { channel, opened: this.#open(channel), users: 0 }
    this.#channels.set(stream, shared)
    return shared
  }

  async #open(channel: Channel): Promise<void> {
    const { snapshots, follower } = this.#options
    const state = await snapshots.load(conversations, channel.stream)
    channel.open(state)
    // A feed begins where the node is; what its state knows the node must have handled.
    if (await follower.reached(state.position, patienceMs)) return
    throw new GraphQLError('The server is behind its log. Try again in a moment.', {
      extensions: { code: 'UNAVAILABLE' },
    })
  }

  #wake(): void {
    this.#waking = undefined
    const channels = [...this.#news]
    this.#news.clear()
    for (const channel of channels) channel.wake()
  }
}
