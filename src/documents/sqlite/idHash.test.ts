import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { idHash } from './idHash.ts'

test('ids of every form have numbers of their own, of 47 bits', () => {
  const user = randomUUID()
  const ids = Array.from({ length: 30_000 }, (_, n) => [
    `message_${randomUUID()}`,
    `room_${n}_${user}`,
    `name${n}`,
    n.toString(36),
  ]).flat()
  const hashes = ids.map(idHash)
  expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash >= 0 && hash < 2 ** 47)).toBe(true)
  // By chance there is one pair among 10^10 or so: 2^47 / 2 / 120,000².
  expect(new Set(hashes).size).toBeGreaterThanOrEqual(ids.length - 1)
})
