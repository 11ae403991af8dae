// Readers who stop reading while much is sent: the server's memory stays what it was, and the others do not notice.
// PARLEY_TEST_STORM=full makes it 100,000 messages (else 4,000 longer ones, PARLEY_TEST_STORM_MESSAGES says otherwise); SEED replays a run.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { residentMb } from '../support/memory.ts'
import { chosenSeed } from '../support/random.ts'
import { differences, loggedAfter, runStorm, stormGround } from '../support/storm/storm.ts'
import { startServerProcess } from '../support/testServer.ts'

const full = process.env.PARLEY_TEST_STORM === 'full'
const messages = Number(process.env.PARLEY_TEST_STORM_MESSAGES ?? (full ? 100_000 : 4_000))
const readers = 20
const stalled = 50
/** Characters of a message, and messages a second: what each of those who stall leaves unread is more than the machine holds for it. */
const [length, rate] = full ? [1_200, 500] : [4_000, 400]
/** A queue for each of them would need 600 MB, or 5 GB, beyond what the machine holds. */
const boundMb = 150

const seed = chosenSeed()

test.skipIf(process.platform === 'win32')(
  `BOUND RESUME: ${stalled} readers that stop reading ${messages} messages cost no memory, nobody waits for them, and they miss nothing`,
  { timeout: 120_000 + messages * 10 },
  async () => {
    await using server = await startServerProcess()
    const usesMb = (): number => residentMb(server.child) ?? Number.NaN
    const ground = await stormGround(server.graphql, readers + stalled)
    const { owner, conversationId } = ground
    const plan = { ...ground, nodes: [server.ws], readers, cutEveryMs: 0, rate, length, seed }
    // The same when all of them read: what the server needs for so much, and how long everything takes.
    const before = await runStorm({ ...plan, readers: readers + stalled, stalled: 0, messages: messages / 2 })
    const [loggedBefore, usedMb] = [await loggedAfter(owner, conversationId, ground.after.cursor), usesMb()]
    expect(differences(before, loggedBefore)).toEqual([])

    const { room } = await owner.query('query ($id: ID) { room(id: $id) { feedCursor revision } }', {
      id: conversationId,
    })
    const after = { cursor: room.feedCursor, revision: room.revision - 1 }
    let mostMb = 0
    const outcome = await runStorm({ ...plan, after, stalled, messages, seed: seed + 1 }, async ({ sending }) => {
      while (!sending.aborted) {
        mostMb = Math.max(mostMb, usesMb())
        await sleep(200)
      }
    })
    process.stdout.write(
      `SEED=${seed}: ${messages} messages of ${length} characters, ${(messages / outcome.seconds).toFixed(0)} a second, past ${stalled} ` +
        `readers that do not read: at most ${(mostMb - usedMb).toFixed(0)} MB more than ${usedMb.toFixed(0)} MB; from sending to the ` +
        `${readers} others p50 ${outcome.p50.toFixed(1)} ms, p99 ${outcome.p99.toFixed(1)} ms (when all read ` +
        `${before.p50.toFixed(1)} and ${before.p99.toFixed(1)}); all level ${outcome.levelMs.toFixed(0)} ms after the last; ` +
        `closed ${JSON.stringify(outcome.closed)}\n`,
    )
    // Where the system does not say, there is nothing to compare.
    if (!Number.isNaN(usedMb)) expect(mostMb - usedMb).toBeLessThan(boundMb)
    // Both runs are on a machine that others may use: whoever waited for fifty others would wait for seconds.
    expect(outcome.p99).toBeLessThan(2 * before.p99 + 500)
    expect(differences(outcome, await loggedAfter(owner, conversationId, after.cursor))).toEqual([])
  },
)
