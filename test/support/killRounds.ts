// Nodes that are killed in the middle of everything, again and again, and started again on their folders.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { attempt } from './attempting.ts'
import { parley } from './cli.ts'
import { ApiClient } from './client.ts'
import type { Attempt, ShownMessage } from './history.ts'
import { violations } from './historyCheck.ts'
import { InboxReader } from './inboxReader.ts'
import { loggedEvents } from './loggedEvents.ts'
import { newAccount, newAccounts } from './newAccounts.ts'
import { chosenSeed, Random } from './random.ts'
import { shownToAny } from './shownMessages.ts'
import { newFolder, type ServerProcess, startServerProcess, storesInFolder } from './testServer.ts'
import { type Account, newWorld, type World, Writer } from './writer.ts'

/** The whole log is judged after so many rounds. */
const judgedEvery = 5
/** People who are connected while they write, so that they are seen to come and go. */
const connected = 3
/** Ended sessions that are tried at each judgement. */
const tried = 10
/** How often all nodes are killed at once, where there are several. */
const killAll = 0.2
/** What goes wrong inside is shown with a failure. */
const env = { PARLEY_LOG_LEVEL: 'warn' }

/**
 * As whoever watches over a process does it: where an engine elsewhere does not answer in time, the node ends, and is started again. With
 * everything in its folder it has to start.
 */
async function startWatched(folder: string, tries = storesInFolder() ? 1 : 4): Promise<ServerProcess> {
  try {
    return await startServerProcess({ folder, env })
  } catch (error) {
    if (tries === 1) throw error
    return await startWatched(folder, tries - 1)
  }
}

/** A folder with the process that runs on it now. */
class KilledNode implements AsyncDisposable {
  readonly folder: string
  #server: ServerProcess

  private constructor(folder: string, server: ServerProcess) {
    this.folder = folder
    this.#server = server
  }

  static async start(): Promise<KilledNode> {
    const folder = await newFolder()
    return new KilledNode(folder, await startWatched(folder))
  }

  get graphql(): string {
    return this.#server.graphql
  }

  /** That it lives. */
  expectAlive(): void {
    expect(this.#server.child.exitCode, this.#server.log()).toBeNull()
  }

  log(): string {
    return this.#server.log()
  }

  kill(): Promise<void> {
    return this.#server.kill()
  }

  async start(): Promise<void> {
    this.#server = await startWatched(this.folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function verify({ folder }: KilledNode): Promise<void> {
  const verified = await parley(['projections', 'verify', '--all', '--data', folder, '--json'])
  expect(verified, 'verify finds differences').toMatchObject({ code: 0 })
}

const acknowledged = ({ attempts }: World): number => attempts.filter(({ outcome }) => outcome === 'ok').length

/** Two who take no part: one who reads, and invites the other where everybody before must have been told. */
export interface Observers {
  readonly reader: Account
  readonly witness: Account
}

/** Waits until the process that tells people of invitations has gone through the log. */
export async function invitationsTold(world: World, { reader, witness }: Observers, name: string): Promise<void> {
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

interface Judging {
  readonly world: World
  readonly writers: readonly Writer[]
  readonly observers: Observers
  readonly random: Random
}

/** While all nodes run; afterwards none does. */
async function judge(nodes: readonly KilledNode[], { world, writers, observers, random }: Judging): Promise<void> {
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
  await Promise.all(nodes.map((node) => node.kill()))
  const stopped = random.pick(nodes)
  await verify(stopped)
  const log = await loggedEvents(stopped.folder)
  // The rest only says more of the same.
  expect(violations({ attempts: world.attempts, log, shown }).slice(0, 20)).toEqual([])
}

/** What a round needs to know. */
interface Round {
  readonly nodes: readonly KilledNode[]
  readonly world: World
  readonly writers: readonly Writer[]
  readonly random: Random
}

/** Everybody works, some nodes are killed, those that are left are worked with for a while, and then all run again. */
async function killOnce({ nodes, world, writers, random }: Round): Promise<void> {
  const stopping = new AbortController()
  let over = false
  const sockets = writers
    .slice(-connected)
    .map(({ token }) => new InboxReader(new ApiClient(random.pick(nodes).graphql, token), { detail: 'EVERYTHING' }))
  const working = Promise.all(writers.map((writer) => writer.work(stopping.signal))).finally(() => {
    over = true
  })
  const enough = acknowledged(world) + random.between(10, 80)
  await Promise.race([sleep(random.between(200, 800)), working])
  // However slow the machine is, something has happened.
  while (!over && acknowledged(world) < enough) await sleep(5)
  // A writer stops where it gets no answer.
  expect(over, nodes.map((node) => node.log()).join('\n')).toBe(false)
  for (const node of nodes) node.expectAlive()
  const several = nodes.length > 1
  const killed = several && !random.chance(killAll) ? [random.pick(nodes)] : nodes
  await Promise.all(killed.map((node) => node.kill()))
  if (killed.length < nodes.length) await Promise.race([sleep(random.between(200, 1_500)), working])
  stopping.abort()
  await working
  await Promise.all(sockets.map((socket) => socket.close()))
  await Promise.all(killed.map((node) => node.start()))
}

interface KillOptions {
  readonly rounds: number
  /** More than one only on engines that they can share, with folders that name the same ones. */
  readonly nodes?: number
}

/** @throws where anything was lost, doubled or made up; the seed is then printed, and otherwise with the counts */
export async function killUnderTraffic({ rounds, nodes: many = 1 }: KillOptions): Promise<void> {
  const seed = chosenSeed()
  const random = new Random(seed)
  const beganAt = performance.now()
  await using closing = new AsyncDisposableStack()
  const nodes: KilledNode[] = []
  try {
    for (let made = 0; made < many; made++) nodes.push(closing.use(await KilledNode.start()))
    const attempts: Attempt[] = []
    const { graphql } = random.pick(nodes)
    const observers = {
      reader: await newAccount(graphql, attempts, 'register', 'reader'),
      witness: await newAccount(graphql, attempts, 'createGuest', 'witness'),
    }
    const people = await newAccounts(graphql, attempts, { people: 5, guests: 3 })
    const world = newWorld(graphql, people, attempts)
    const { rooms } = await new ApiClient(graphql, observers.reader.token).query('{ rooms { nodes { id } } }')
    world.rooms.push(...rooms.nodes.map(({ id }: { id: string }) => id))
    let round = 0
    const writers = people.map((account, index) => {
      // Each goes to another node in the next round: what has no answer from one is asked again of another.
      const at = () => nodes[(index + round) % many]?.graphql ?? graphql
      return new Writer({ world, account, random: random.fork(), name: `${seed}-${index}`, at })
    })
    while (++round <= rounds) {
      await killOnce({ nodes, world, writers, random })
      world.graphql = random.pick(nodes).graphql
      if (round % judgedEvery !== 0 && round !== rounds) continue
      await verify(random.pick(nodes))
      for (const writer of writers) expect(await writer.settle(), 'a writer can sign in').toBe(true)
      await judge(nodes, { world, writers, observers, random })
      await Promise.all(nodes.map((node) => node.start()))
      world.graphql = random.pick(nodes).graphql
    }
    const count = (outcome: string) => attempts.filter((one) => one.outcome === outcome).length
    const commands = new Set(attempts.filter(({ outcome }) => outcome === 'ok').map(({ command }) => command))
    console.log(
      `seed ${seed}: ${rounds} rounds, ${attempts.length} attempts, ${count('ok')} acknowledged, ${count('failed')} refused, ` +
        `${count('unknown')} unknown, ${world.repeated} repeated, ${world.duplicates} of them duplicates, ` +
        `${commands.size} kinds of commands, ${Math.round((performance.now() - beganAt) / 1_000)} s`,
    )
    expect(count('ok')).toBeGreaterThan(5 * rounds)
    expect(count('unknown')).toBeGreaterThan(0)
  } catch (error) {
    console.log(`SEED=${seed} replays the choices. ${nodes.map((node) => node.log()).join('\n')}`)
    throw error
  }
}
