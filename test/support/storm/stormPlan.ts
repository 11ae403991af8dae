// What a storm is to be, and what came of it. The load runs in a process of its own.

import type { StormPlace } from './stormReader.ts'

export interface StormPlan extends StormPlace {
  /** Session tokens of the readers, in turn. */
  readonly tokens: readonly string[]
  /** Of a member, who sends. */
  readonly sender: string
  readonly readers: number
  /** Readers besides, who stop reading before the first message, and go on after the last. */
  readonly stalled: number
  /** Each reader's connection is reset after about so many ms, again and again; 0: never. */
  readonly cutEveryMs: number
  /** Messages a second, and in all. */
  readonly rate: number
  readonly messages: number
  /** Characters of a message, at least. */
  readonly length: number
  readonly seed: number
}

export interface StormOutcome {
  readonly sent: number
  /** Number and revision of each message that was acknowledged. */
  readonly acknowledged: readonly (readonly [number, number])[]
  readonly refusals: readonly string[]
  /** By revision: what the readers were told there. */
  readonly told: readonly (readonly [number, string])[]
  /** What some reader was told twice, was not told, or was told otherwise than another. */
  readonly faults: readonly string[]
  /** The revision that each reader had reached in the end. */
  readonly reached: readonly number[]
  readonly connections: number
  readonly cuts: number
  /** Of messages to readers. */
  readonly deliveries: number
  /** By code: how often the server has closed a socket. */
  readonly closed: Readonly<Record<number, number>>
  /** From sending to delivery, for those who did not stall, in ms. */
  readonly p50: number
  readonly p99: number
  /** How long the messages were sent, in s. */
  readonly seconds: number
  /** From the last acknowledgement until everybody had all, in ms. */
  readonly levelMs: number
}
