import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { IdleMemory } from './idleMemory.ts'

test('memory is collected once after many have come, and once after they have gone', async () => {
  let connections = 0
  let collected = 0
  const memory = new IdleMemory({ connections: () => connections, collect: () => collected++, everyMs: 20 })
  try {
    await sleep(200)
    expect(collected).toBe(0)
    connections = 5_000
    await expect.poll(() => collected, { timeout: 5_000 }).toBe(1)
    connections = 5_100
    await sleep(200)
    expect(collected).toBe(1)
    connections = 100
    await expect.poll(() => collected, { timeout: 5_000 }).toBe(2)
  } finally {
    memory.close()
  }
})

test('not while they are still coming', async () => {
  let connections = 0
  let collected = 0
  const coming = setInterval(() => connections++, 5)
  const memory = new IdleMemory({ connections: () => 5_000 + connections, collect: () => collected++, everyMs: 20 })
  try {
    await sleep(300)
    expect(collected).toBe(0)
  } finally {
    clearInterval(coming)
    memory.close()
  }
})

test('the garbage of this process is collected without a flag', async () => {
  let connections = 0
  let gone = false
  const registry = new FinalizationRegistry(() => {
    gone = true
  })
  registry.register({ large: Array.from({ length: 1_000 }, () => ({})) }, 'all of it')
  const memory = new IdleMemory({ connections: () => connections, everyMs: 20 })
  try {
    connections = 5_000
    await expect.poll(() => gone, { timeout: 5_000 }).toBe(true)
  } finally {
    memory.close()
  }
})
