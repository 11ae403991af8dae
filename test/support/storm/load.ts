// The load of a storm, as a process of its own: it is told the plan, tells when sending begins and ends, and then what came of it.

import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../random.ts'
import { cutting, sendSteadily } from './cutting.ts'
import { Delays } from './delays.ts'
import { Sightings } from './sightings.ts'
import type { StormOutcome, StormPlan } from './stormPlan.ts'
import { StormReader } from './stormReader.ts'
import { StormSender } from './stormSender.ts'

/** How long is waited for what must come, in ms: long where many have much to catch up with. */
const patienceOf = ({ messages, readers, stalled }: StormPlan): number =>
  60_000 + (messages * stalled) / 10 + readers * 100
async function until(fits: () => boolean, what: string, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!fits()) {
    if (performance.now() > deadline) throw new Error(`In ${patienceMs / 1_000} s it has not come about that ${what}.`)
    await sleep(10)
  }
}

async function storm(plan: StormPlan): Promise<StormOutcome> {
  const random = new Random(plan.seed)
  const patienceMs = patienceOf(plan)
  const sightings = new Sightings()
  const delays = new Delays()
  const newReader = (onDelivery: (ms: number) => void) => (_: unknown, index: number) =>
    new StormReader({
      ...plan,
      token: plan.tokens[index % plan.tokens.length] ?? '',
      random: random.fork(),
      sightings,
      onDelivery,
    })
  const quick = Array.from(
    { length: plan.readers },
    newReader((ms) => delays.add(ms)),
  )
  const stalled = Array.from(
    { length: plan.stalled },
    newReader(() => {}),
  )
  const readers = [...quick, ...stalled]
  const sender = new StormSender({ ...plan, token: plan.sender, random: random.fork(), name: `storm-${plan.seed}` })
  await until(() => readers.every(({ following }) => following), 'everybody follows', patienceMs)
  for (const reader of stalled) reader.stall()
  const ends = quick.map((reader) => cutting(reader, plan.cutEveryMs, random.fork()))
  process.send?.({ phase: 'sending' })
  const seconds = await sendSteadily(sender, plan)
  process.send?.({ phase: 'sent' })
  await until(() => sender.underWay === 0, 'everything is acknowledged', patienceMs)
  const acknowledgedAt = performance.now()
  for (const end of ends) end()
  for (const reader of stalled) reader.goOn()
  const head = Math.max(...sender.acknowledged.values())
  // Whoever does not come there is told of in what came of it.
  await until(() => readers.every(({ revision }) => revision >= head), 'everybody has all', patienceMs).catch(() => {})
  const levelMs = performance.now() - acknowledgedAt
  // What is told once too often may come late.
  await sleep(500)
  const closed: Record<number, number> = {}
  for (const reader of readers) for (const [code, count] of reader.closed) closed[code] = (closed[code] ?? 0) + count
  for (const reader of readers) reader.end()
  sender.end()
  const sum = (of: (reader: StormReader) => number): number => readers.reduce((total, reader) => total + of(reader), 0)
  return {
    sent: sender.sent,
    acknowledged: [...sender.acknowledged],
    refusals: sender.refusals,
    told: [...sightings.told],
    faults: sightings.faults,
    reached: readers.map(({ revision }) => revision),
    connections: sum(({ connections }) => connections),
    cuts: sum(({ cuts }) => cuts),
    deliveries: sum(({ deliveries }) => deliveries),
    closed,
    p50: delays.percentile(0.5),
    p99: delays.percentile(0.99),
    seconds,
    levelMs,
  }
}

process.once('message', (plan: StormPlan) => {
  storm(plan).then(
    (outcome) => process.send?.({ outcome }, () => process.disconnect?.()),
    (error: Error) => process.send?.({ failed: error.message }, () => process.disconnect?.()),
  )
})
process.once('disconnect', () => process.exit())
