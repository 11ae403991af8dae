import { expect, test } from 'vitest'
import { SplicedFrame } from '../live/madeFrame.ts'
import { EventBlocks } from './eventBlocks.ts'

const bytes = (...parts: readonly string[]) => parts.map((part) => Buffer.from(part))

test('a frame is one event, with its cursor as the id', () => {
  const blocks = new EventBlocks()
  const text = (frame: SplicedFrame) => Buffer.from(blocks.of(frame)).toString()
  expect(text(new SplicedFrame(bytes('{"data":', '{"text":"Tee für zwei"}}'), 'here'))).toBe(
    'id: here\nevent: next\ndata: {"data":{"text":"Tee für zwei"}}\n\n',
  )
  expect(text(new SplicedFrame(bytes('{}'), undefined))).toBe('event: next\ndata: {}\n\n')
})

test('everybody is given the same bytes of a frame', () => {
  const blocks = new EventBlocks()
  const [one, other] = [new SplicedFrame(bytes('{}'), 'here'), new SplicedFrame(bytes('{}'), 'here')]
  expect(blocks.of(one)).toBe(blocks.of(one))
  expect(blocks.of(one)).not.toBe(blocks.of(other))
})
