import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { idHash } from './idHash.ts'
import { Seen } from './seen.ts'

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

test('what was added is always seen; what was not, hardly ever', () => {
  const seen = new Seen()
  const hashes = Array.from({ length: 200_000 }, () => idHash(randomUUID()))
  const wronglySeen = hashes.filter((hash) => seen.add(hash)).length
  expect(wronglySeen).toBeLessThan(200)
  expect(hashes.every((hash) => seen.add(hash))).toBe(true)
})
