// A server that is killed in the middle of everything, again and again, on one folder.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, registered } from '../support/client.ts'
import type { Attempt } from '../support/history.ts'
import { violations } from '../support/historyCheck.ts'
import { loggedEvents } from '../support/loggedEvents.ts'
import { newAccounts } from '../support/newAccounts.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../support/testServer.ts'
import { type World, Writer } from '../support/writer.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 20)
/** The whole log is judged after so many. */
const judgedEvery = 5
/** What goes wrong inside is shown with a failure. */
const env = { PARLEY_LOG_LEVEL: 'warn' }

async function verify(folder: string): Promise<void> {
  const verified = await parley(['projections', 'verify', '--all', '--data', folder, '--json'])
  expect(verified, 'verify finds differences').toMatchObject({ code: 0 })
}

const acknowledged = ({ attempts }: World): number => attempts.filter(({ outcome }) => outcome === 'ok').length

async function judge(server: ServerProcess, world: World, reader: ApiClient): Promise<void> {
  const shown = new Map()
  for (const roomId of world.rooms) shown.set(roomId, await shownMessages(reader, roomId))
  await server.kill()
  await verify(server.folder)
  const log = await loggedEvents(server.folder)
  // The rest only says more of the same.
  expect(violations({ attempts: world.attempts, log, shown }).slice(0, 20)).toEqual([])
}

test(`ACK ONCE ORDER NOGHOST FOLD CHECKPOINT: ${rounds} times killed under traffic, nothing is lost, doubled or made up`, {
  timeout: 120_000 + rounds * 20_000,
}, async () => {
  const seed = chosenSeed()
  const random = new Random(seed)
  const folder = await newFolder()
  const beganAt = performance.now()
  let server = await startServerProcess({ folder, env })
  try {
    const attempts: Attempt[] = []
    const people = await newAccounts(server.graphql, attempts, { people: 5, guests: 3 })
    const world: World = {
      graphql: server.graphql,
      rooms: [],
      messages: [],
      people: people.map(({ userId }) => userId),
      attempts,
      ended: [],
      repeated: 0,
      duplicates: 0,
    }
    const reader = await registered(server.graphql, 'reader')
    const { rooms } = await reader.query('{ rooms { nodes { id } } }')
    world.rooms.push(...rooms.nodes.map(({ id }: { id: string }) => id))
    const writers = people.map(
      (account, index) => new Writer({ world, account, random: random.fork(), name: `${seed}-${index}` }),
    )
    for (let round = 1; round <= rounds; round++) {
      const stopping = new AbortController()
      let over = false
      const working = Promise.all(writers.map((writer) => writer.work(stopping.signal))).finally(() => {
        over = true
      })
      const enough = acknowledged(world) + random.between(10, 80)
      await Promise.race([sleep(random.between(200, 800)), working])
      // However slow the machine is, something has happened.
      while (!over && acknowledged(world) < enough) await sleep(5)
      // A writer stops where it gets no answer.
      expect(over, server.log()).toBe(false)
      expect(server.child.exitCode, server.log()).toBeNull()
      await server.kill()
      stopping.abort()
      await working
      server = await startServerProcess({ folder, env })
      world.graphql = server.graphql
      if (round % judgedEvery !== 0 && round !== rounds) continue
      await verify(folder)
      for (const writer of writers) expect(await writer.settle()).toBe(true)
      await judge(server, world, new ApiClient(world.graphql, reader.token))
      server = await startServerProcess({ folder, env })
      world.graphql = server.graphql
    }
    const count = (outcome: string) => world.attempts.filter((attempt) => attempt.outcome === outcome).length
    const commands = new Set(world.attempts.filter(({ outcome }) => outcome === 'ok').map(({ command }) => command))
    console.log(
      `seed ${seed}: ${rounds} rounds, ${world.attempts.length} attempts, ${count('ok')} acknowledged, ${count('failed')} refused, ` +
        `${count('unknown')} unknown, ${world.repeated} repeated, ${world.duplicates} of them duplicates, ` +
        `${commands.size} kinds of commands, ${Math.round((performance.now() - beganAt) / 1_000)} s`,
    )
    expect(count('ok')).toBeGreaterThan(5 * rounds)
    expect(count('unknown')).toBeGreaterThan(0)
  } catch (error) {
    console.log(`SEED=${seed} replays the choices. ${server.log()}`)
    throw error
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})
