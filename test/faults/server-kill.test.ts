// A server that is killed in the middle of everything, again and again, on one folder.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { attempt } from '../support/attempting.ts'
import { parley } from '../support/cli.ts'
import { ApiClient } from '../support/client.ts'
import type { Attempt, ShownMessage } from '../support/history.ts'
import { violations } from '../support/historyCheck.ts'
import { InboxReader } from '../support/inboxReader.ts'
import { loggedEvents } from '../support/loggedEvents.ts'
import { newAccount, newAccounts } from '../support/newAccounts.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { shownToAny } from '../support/shownMessages.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../support/testServer.ts'
import { type Account, newWorld, type World, Writer } from '../support/writer.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 20)
/** The whole log is judged after so many. */
const judgedEvery = 5
/** People who are connected while they write, so that they are seen to come and go. */
const connected = 3
/** Ended sessions that are tried at each judgement. */
const tried = 10
/** What goes wrong inside is shown with a failure. */
const env = { PARLEY_LOG_LEVEL: 'warn' }

async function verify(folder: string): Promise<void> {
  const verified = await parley(['projections', 'verify', '--all', '--data', folder, '--json'])
  expect(verified, 'verify finds differences').toMatchObject({ code: 0 })
}

const acknowledged = ({ attempts }: World): number => attempts.filter(({ outcome }) => outcome === 'ok').length

/** Two who take no part: one who reads, and invites the other where everybody before must have been told. */
interface Observers {
  readonly reader: Account
  readonly witness: Account
}

/** Waits until the process that tells people of invitations has gone through the log. */
async function invitationsTold(world: World, { reader, witness }: Observers, name: string): Promise<void> {
  const { attempt: made } = await attempt(world.graphql, reader.token, {
    asked: { command: 'createRoom', actor: reader.userId, text: name },
    input: { name, visibility: 'PRIVATE' },
  })
  world.attempts.push(made)
  const roomId = made.outcome === 'ok' ? made.said.roomId : undefined
  if (roomId === undefined) throw new Error(`No room was made: ${JSON.stringify(made)}`)
  const { attempt: invited } = await attempt(world.graphql, reader.token, {
    asked: { command: 'inviteToRoom', actor: reader.userId, roomId, subject: witness.userId },
    input: { roomId, userIds: [witness.userId] },
  })
  world.attempts.push(invited)
  const client = new ApiClient(world.graphql, witness.token)
  await vi.waitFor(
    async () => {
      const { viewer } = await client.query('{ viewer { invitations { roomId } } }')
      expect(viewer.invitations).toContainEqual({ roomId })
    },
    { timeout: 20_000, interval: 50 },
  )
}

async function judge(
  server: ServerProcess,
  { world, writers, observers, random }: { world: World; writers: Writer[]; observers: Observers; random: Random },
): Promise<void> {
  await invitationsTold(world, observers, `judged-${world.attempts.length}`)
  const tokens = [observers.reader.token, ...writers.flatMap(({ token }) => token ?? [])]
  const clients = tokens.map((token) => new ApiClient(world.graphql, token))
  const shown = new Map<string, readonly ShownMessage[]>()
  for (const id of [...world.rooms, ...world.directs]) {
    const messages = await shownToAny(clients, id)
    if (messages) shown.set(id, messages)
  }
  // A direct conversation is always seen by those in it.
  expect([...world.directs].filter((id) => !shown.has(id))).toEqual([])
  for (let count = 0; count < Math.min(tried, world.ended.length); count++) {
    const { status } = await new ApiClient(world.graphql, random.pick(world.ended)).post('{ viewer { id } }')
    expect(status, 'a session that ended holds again').toBe(401)
  }
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
    const observers = {
      reader: await newAccount(server.graphql, attempts, 'register', 'reader'),
      witness: await newAccount(server.graphql, attempts, 'createGuest', 'witness'),
    }
    const people = await newAccounts(server.graphql, attempts, { people: 5, guests: 3 })
    const world = newWorld(server.graphql, people, attempts)
    const { rooms } = await new ApiClient(server.graphql, observers.reader.token).query('{ rooms { nodes { id } } }')
    world.rooms.push(...rooms.nodes.map(({ id }: { id: string }) => id))
    const writers = people.map(
      (account, index) => new Writer({ world, account, random: random.fork(), name: `${seed}-${index}` }),
    )
    for (let round = 1; round <= rounds; round++) {
      const stopping = new AbortController()
      let over = false
      const sockets = writers
        .slice(-connected)
        .map(({ token }) => new InboxReader(new ApiClient(world.graphql, token), { detail: 'EVERYTHING' }))
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
      await Promise.all(sockets.map((socket) => socket.close()))
      server = await startServerProcess({ folder, env })
      world.graphql = server.graphql
      if (round % judgedEvery !== 0 && round !== rounds) continue
      await verify(folder)
      for (const writer of writers) expect(await writer.settle(), 'a writer can sign in').toBe(true)
      await judge(server, { world, writers, observers, random })
      server = await startServerProcess({ folder, env })
      world.graphql = server.graphql
    }
    const count = (outcome: string) => world.attempts.filter((one) => one.outcome === outcome).length
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
