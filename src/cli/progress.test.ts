import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Progress } from './progress.ts'

/** A stream that collects what is drawn on it. */
function screen(isTTY: boolean) {
  const stream = new PassThrough()
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const terminal = Object.assign(stream, {
    isTTY,
    columns: 120,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  })
  // Only what the bar uses of a terminal is there.
  return { stream: terminal as unknown as NodeJS.WriteStream, text: () => text }
}

test.each([
  { isTTY: true, ms: 2_500, drawn: true },
  { isTTY: true, ms: 1_500, drawn: false },
  { isTTY: false, ms: 2_500, drawn: false },
])('after $ms ms, terminal: $isTTY, a bar is drawn: $drawn', async ({ isTTY, ms, drawn }) => {
  const { stream, text } = screen(isTTY)
  let now = 0
  const progress = new Progress({ title: 'Rebuilding', stream, now: () => now })
  now = ms
  progress.update({ done: 1_200, total: 10_000, what: 'rooms' })
  progress.update({ done: 2_400, total: 10_000, what: 'rooms' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(text().includes('Rebuilding')).toBe(drawn)
  if (drawn) expect(text()).toContain('1,200/10,000 rooms')
  progress.stop()
})
