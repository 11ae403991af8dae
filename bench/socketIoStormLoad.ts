// The load of a storm over Socket.IO, as a process of its own: it is told the plan, and tells what came of it.

import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../test/support/random.ts'
import { cutting, sendSteadily } from '../test/support/storm/cutting.ts'
import { Delays } from '../test/support/storm/delays.ts'
import { sentText } from '../test/support/storm/sightings.ts'
import { SocketIoStormReader } from './socketIoStormReader.ts'

export interface SocketIoStormPlan {
  readonly port: number
  readonly readers: number
  readonly cutEveryMs: number
  readonly rate: number
  readonly messages: number
  readonly length: number
  readonly seed: number
}

export interface SocketIoStormOutcome {
  readonly received: number
  readonly repeated: number
  readonly recovered: number
  readonly connections: number
  readonly cuts: number
  /** ms */
  readonly p50: number
  readonly p99: number
}

async function storm(plan: SocketIoStormPlan): Promise<SocketIoStormOutcome> {
  const random = new Random(plan.seed)
  const delays = new Delays()
  const newReader = (onDelivery: (ms: number) => void) =>
    new SocketIoStormReader({ ...plan, random: random.fork(), onDelivery })
  const readers = Array.from({ length: plan.readers }, () => newReader((ms) => delays.add(ms)))
  // One more, who is not cut off, sends.
  const speaker = newReader(() => {})
  while (![speaker, ...readers].every(({ connected }) => connected)) await sleep(20)
  const ends = readers.map((reader) => cutting(reader, plan.cutEveryMs, random.fork()))
  const sender = {
    sent: 0,
    // Nothing is answered here.
    underWay: 0,
    send() {
      this.sent++
      speaker.emit('send', sentText(this.sent, plan.length))
    },
  }
  await sendSteadily(sender, plan)
  for (const end of ends) end()
  const sum = (of: (reader: SocketIoStormReader) => number): number =>
    readers.reduce((total, reader) => total + of(reader), 0)
  // Until nothing more comes: nobody says that what is missing will come.
  for (let before = -1; before !== sum(({ received }) => received); await sleep(3_000))
    before = sum(({ received }) => received)
  for (const reader of [speaker, ...readers]) reader.end()
  return {
    received: sum(({ received }) => received),
    repeated: sum(({ repeated }) => repeated),
    recovered: sum(({ recovered }) => recovered),
    connections: sum(({ connections }) => connections),
    cuts: sum(({ cuts }) => cuts),
    p50: delays.percentile(0.5),
    p99: delays.percentile(0.99),
  }
}

process.once('message', (plan: SocketIoStormPlan) => {
  void storm(plan).then((outcome) => process.send?.(outcome, () => process.disconnect?.()))
})
process.once('disconnect', () => process.exit())
