import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { stopSignals } from './stopSignals.ts'

test('the first signal asks, a second within a second is the same wish, a later one forces', async () => {
  const source = new EventEmitter()
  let now = 100
  let forced = 0
  const signals = stopSignals({ source, now: () => now, onForce: () => (forced += 1) })
  expect(signals.asked).toBe(false)
  source.emit('SIGINT')
  await signals.first
  expect(signals.asked).toBe(true)
  now += 999
  source.emit('SIGTERM')
  expect(forced).toBe(0)
  now += 1
  source.emit('SIGINT')
  expect(forced).toBe(1)
  signals.dispose()
  expect(source.listenerCount('SIGTERM')).toBe(0)
})
