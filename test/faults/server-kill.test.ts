// A server that is killed in the middle of everything, again and again, on one folder.

import { test } from 'vitest'
import { killUnderTraffic } from '../support/killRounds.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 20)

test(
  `ACK ONCE ORDER NOGHOST FOLD CHECKPOINT: ${rounds} times killed under traffic, nothing is lost, doubled or made up`,
  {
    timeout: 120_000 + rounds * 20_000,
  },
  () => killUnderTraffic({ rounds }),
)
