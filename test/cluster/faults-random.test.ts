// Everything befalls a cluster, in any order, while people do everything that can be done: nothing is lost, doubled, made up, told out
// of order, or told to whom it is no longer meant for. PARLEY_TEST_ROUNDS: how many mishaps.

import { writeFile } from 'node:fs/promises'
import { join as pathTo } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { attempt, type Wish } from '../support/attempting.ts'
import { parley } from '../support/cli.ts'
import { ApiClient } from '../support/client.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import type { Acknowledged, Attempt, LoggedEvent, ShownMessage } from '../support/history.ts'
import { streamOf } from '../support/history.ts'
import { violations } from '../support/historyCheck.ts'
import { invitationsTold } from '../support/killRounds.ts'
import { loggedEvents } from '../support/loggedEvents.ts'
import { residentMb } from '../support/memory.ts'
import { mishaps } from '../support/mishaps.ts'
import { newAccount, newAccounts } from '../support/newAccounts.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { isReady, untilReadiness } from '../support/readiness.ts'
import { RoamingReader } from '../support/roamingReader.ts'
import { shownToAny } from '../support/shownMessages.ts'
import { newFolder } from '../support/testServer.ts'
import { type Account, newWorld, Writer } from '../support/writer.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 1)

/** Tries until it is acknowledged, through any node, with the same key where it has one. */
async function surely(at: () => string, token: string, wish: Wish, attempts: Attempt[]): Promise<Acknowledged> {
  for (;;) {
    const { attempt: done } = await attempt(at(), token, wish)
    attempts.push(done)
    if (done.outcome === 'ok') return done.said
    // A session that has ended already is as wanted.
    if (done.outcome === 'failed') throw new Error(`${wish.asked.command} was refused: ${done.code}`)
    await sleep(100)
  }
}

/** Somebody who follows a room and whose session ends meanwhile. */
interface Lodger {
  readonly account: Account
  readonly reader: RoamingReader
  /** Of the end of the session. */
  readonly until: string
}

/** The log, while no node runs. */
async function logOf({ env }: Cluster): Promise<readonly LoggedEvent[]> {
  const folder = await newFolder()
  const { PARLEY_EVENTSTORE: eventstore, PARLEY_DOCUMENTS: documents, PARLEY_STREAM_PREFIX: streamPrefix } = env
  await writeFile(pathTo(folder, 'parley.json'), JSON.stringify({ eventstore, documents, streamPrefix }))
  return await loggedEvents(folder)
}

test(`ACK ONCE ORDER RESUME REVOKE NOGHOST FOLD: ${rounds} mishaps befall three nodes and their engines under traffic`, {
  timeout: 180_000 + rounds * 60_000,
}, async ({ skip }) => {
  const seed = chosenSeed()
  const random = new Random(seed)
  await using cluster = await startCluster({ nodes: 3, keepsDocuments: true })
  if (cluster === undefined) return skip('there is no MongoDB here')
  const addresses = cluster.nodes.map(({ server }) => server.graphql)
  const [graphql = ''] = addresses
  const anywhere = random.fork()
  const at = (): string => anywhere.pick(addresses)
  try {
    const beganAt = performance.now()
    const attempts: Attempt[] = []
    const observers = {
      reader: await newAccount(graphql, attempts, 'register', 'reader'),
      witness: await newAccount(graphql, attempts, 'createGuest', 'witness'),
    }
    const owner = observers.reader
    const people = await newAccounts(graphql, attempts, { people: 5, guests: 3 })
    const world = newWorld(graphql, people, attempts)
    const { rooms } = await new ApiClient(graphql, owner.token).query('{ rooms { nodes { id } } }')
    world.rooms.push(...rooms.nodes.map(({ id }: { id: string }) => id))
    const created = {
      asked: { command: 'createRoom', actor: owner.userId, text: 'Watched' },
      input: { name: 'Watched' },
    } as const
    const { roomId } = await surely(() => graphql, owner.token, created, attempts)
    if (roomId === undefined) throw new Error('No room was made.')

    const stopping = new AbortController()
    const writers = people.map(
      (account, index) => new Writer({ world, account, random: random.fork(), name: `${seed}-${index}`, at }),
    )
    const working = writers.map(async (writer) => {
      while (!stopping.signal.aborted) {
        await writer.work(stopping.signal)
        // It ends where there was no answer: that is asked again, with its key, of whichever node is next.
        await sleep(100)
      }
    })
    const place = { nodes: () => addresses, conversationId: roomId }
    const readers = [1, 2].map(() => new RoamingReader({ ...place, token: owner.token, random: random.fork() }))
    // A feed without a cursor begins when it is there.
    await expect.poll(() => readers.every(({ heardAt }) => heardAt > 0), { timeout: 20_000 }).toBe(true)
    const told: string[] = []
    const telling = (async () => {
      while (!stopping.signal.aborted) {
        const text = `told ${told.length}`
        const asked = { command: 'sendMessage', actor: owner.userId, roomId, text, key: text } as const
        await surely(
          at,
          owner.token,
          { asked, input: { conversationId: roomId, text, clientMessageId: text } },
          attempts,
        )
        told.push(text)
        await sleep(30)
      }
    })()
    const lodgers: Lodger[] = []
    const possible = mishaps.filter(({ can }) => can(cluster))
    const memory: number[] = []
    for (let round = 0; round < rounds; round++) {
      const account = await newAccount(at(), attempts, 'createGuest', `lodger-${round}`)
      const joining = { asked: { command: 'joinRoom', actor: account.userId, roomId }, input: { roomId } } as const
      await surely(at, account.token, joining, attempts)
      const reader = new RoamingReader({ ...place, token: account.token, random: random.fork() })
      await expect.poll(() => reader.texts.length, { timeout: 20_000 }).toBeGreaterThan(0)
      const mishap = possible[(seed + round) % possible.length]
      if (mishap === undefined) throw new Error('Nothing can happen here.')
      const befalling = mishap.befall(cluster, random)
      await sleep(random.between(0, 1_000))
      const ending = { asked: { command: 'logout', actor: account.userId } } as const
      const ended = surely(at, account.token, ending, attempts).catch((error: unknown) => String(error))
      await befalling
      const backAt = performance.now()
      await Promise.all(cluster.nodes.map(({ server }) => untilReadiness(server.url, isReady)))
      const readyMs = performance.now() - backAt
      const mark = told.length
      await expect.poll(() => told.length, { timeout: 30_000, interval: 20 }).toBeGreaterThan(mark)
      const writtenMs = performance.now() - backAt
      await expect
        .poll(() => readers.every(({ texts }) => texts.length > mark), { timeout: 30_000, interval: 20 })
        .toBe(true)
      const readMs = performance.now() - backAt
      await ended
      lodgers.push({ account, reader, until: account.token })
      for (const one of readers) if (random.chance(0.5)) one.move()
      memory.push(Math.max(...cluster.nodes.map(({ server }) => residentMb(server.child) ?? 0)))
      console.log(
        `seed ${seed}, ${mishap.name}: all nodes ready ${Math.round(readyMs)} ms after its end, a message acknowledged ` +
          `after ${Math.round(writtenMs)} ms, told to all who follow after ${Math.round(readMs)} ms; at most ${Math.round(memory.at(-1) ?? 0)} MB a node`,
      )
      expect(readyMs).toBeLessThan(10_000)
      expect(writtenMs).toBeLessThan(10_000)
      expect(readMs).toBeLessThan(12_000)
    }
    stopping.abort()
    await Promise.all([...working, telling])
    for (const writer of writers) expect(await writer.settle(), 'a writer can sign in').toBe(true)
    for (const { reader } of lodgers) await reader.close()
    await expect
      .poll(() => readers.map(({ texts }) => texts.length), { timeout: 20_000 })
      .toEqual([told.length, told.length])
    for (const reader of readers) await reader.close()
    world.graphql = at()
    await invitationsTold(world, observers, 'judged')
    const clients = [owner.token, ...writers.flatMap(({ token }) => token ?? [])].map(
      (token) => new ApiClient(at(), token),
    )
    const shown = new Map<string, readonly ShownMessage[]>()
    for (const id of [...world.rooms, ...world.directs, roomId]) {
      const messages = await shownToAny(clients, id)
      if (messages) shown.set(id, messages)
    }
    for (const address of addresses)
      for (const token of [...world.ended.slice(-5), ...lodgers.map(({ account }) => account.token)])
        expect((await new ApiClient(address, token).post('{ viewer { id } }')).status, 'a session that ended').toBe(401)
    const folder = cluster.nodes[0]?.folder ?? ''
    const verified = await parley(['projections', 'verify', '--all', '--data', folder, '--json'], cluster.env)
    expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 })
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    const log = await logOf(cluster)
    const count = (outcome: string) => attempts.filter((one) => one.outcome === outcome).length
    console.log(
      `seed ${seed}: ${rounds} rounds, ${attempts.length} attempts, ${count('ok')} acknowledged, ${count('failed')} refused, ` +
        `${count('unknown')} unknown, ${world.repeated} repeated, ${world.duplicates} of them duplicates; ${log.length} events; ` +
        `readers connected ${readers.map(({ connections }) => connections)} times; ${Math.round((performance.now() - beganAt) / 1_000)} s`,
    )
    expect(violations({ attempts, log, shown }).slice(0, 20)).toEqual([])
    for (const reader of readers) {
      expect(reader.texts).toEqual(told)
      const [first = 0] = reader.revisions
      expect(reader.revisions).toEqual(reader.revisions.map((_, index) => first + index))
      expect(reader.resets).toBe(0)
    }
    revoked(lodgers, { log, roomId })
    expect(Math.max(...memory)).toBeLessThan(700)
  } catch (error) {
    console.log(`SEED=${seed} replays the choices. ${cluster.nodes.map(({ server }) => server.log()).join('\n')}`)
    throw error
  }
})

/** Nothing that stands behind the end of a session in the log was told to it. */
function revoked(lodgers: readonly Lodger[], { log, roomId }: { log: readonly LoggedEvent[]; roomId: string }): void {
  const positions = new Map(
    log.filter(({ stream }) => stream === streamOf(roomId)).map(({ revision, position }) => [revision, position]),
  )
  for (const { account, reader } of lodgers) {
    const end = log.find(({ type, actor }) => type === 'SessionEnded' && actor === account.userId)
    expect(end, 'the session has ended').toBeDefined()
    const late = reader.revisions.filter((revision) => (positions.get(revision) ?? '') > (end?.position ?? ''))
    expect(late, 'REVOKE: told after the end of the session').toEqual([])
  }
}
