import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewEvent } from '../../src/eventstore/port.ts'
import { contents, deleted, edited, freshFold, marked, type Node, sent, World } from './world.ts'

type Step =
  | { readonly kind: 'say'; readonly room: number; readonly events: readonly number[] }
  | { readonly kind: 'mark'; readonly room: number; readonly number: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'rebuild'; readonly batch: number }
  | { readonly kind: 'settle' }

const rooms = Array.from({ length: 6 }, (_, index) => `room-0000000${index}-0000-4000-8000-000000000000`)
const room = fc.nat({ max: rooms.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      room,
      events: fc.array(fc.nat(99), { minLength: 1, maxLength: 30 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('mark' as const), room, number: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'stop' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rebuild' as const), batch: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
)

/** What is said in one room: mostly messages, now and then an edit or a deletion of an earlier one. */
function say(said: string[], choices: readonly number[]): NewEvent[] {
  return choices.map((choice) => {
    const about = said[choice % Math.max(1, said.length)]
    if (about !== undefined && choice % 5 === 0) return edited(about, `edited ${choice}`)
    if (about !== undefined && choice % 7 === 0) return deleted(about)
    const message = sent(said.length + 1, `said ${choice}`)
    said.push(message.id)
    return message
  })
}

async function live(world: World, steps: readonly Step[]): Promise<Node> {
  const said = rooms.map((): string[] => [])
  let node = await world.node()
  let rebuilding: Promise<unknown> = Promise.resolve()
  for (const one of steps) {
    const stream = 'room' in one ? (rooms[one.room] ?? '') : ''
    if (one.kind === 'say') await world.append(stream, ...say(said[one.room] ?? [], one.events))
    else if (one.kind === 'mark') await world.append(`read-${stream}`, marked(one.number))
    else if (one.kind === 'settle') await node.level()
    // A rebuild goes on while the next steps are made; a stop may end it in the middle.
    else if (one.kind === 'rebuild') rebuilding = node.projecting.rebuild('all', { batch: one.batch }).catch(() => {})
    else {
      // Whatever it was about to do: what comes next begins with what is stored.
      await node.close()
      await rebuilding
      node = await world.node()
    }
  }
  await rebuilding
  return node
}

test('FOLD CHECKPOINT: whenever it is stopped and whatever is rebuilt, everything equals a fresh fold, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      await using world = await World.open()
      const node = await live(world, steps)
      await node.level()
      expect(await contents(world.documents, node.projecting)).toBe(await freshFold(world.store))
      const results = await node.projecting.verify('all')
      expect(results.flatMap((one) => one.differences)).toEqual([])
    }),
    { numRuns: 12, endOnFailure: true, interruptAfterTimeLimit: 40_000 },
  )
}, 60_000)
