// The connections between nodes and log are cut, half open, slow, or reset in the middle of an append, while people write through
// both nodes: what stayed open is settled, so that nothing is lost and nothing is there twice. PARLEY_TEST_ROUNDS: how many
// faults, half of them with batch append.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ApiClient, createRoom, registered, send } from '../support/client.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { RoamingReader } from '../support/roamingReader.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { type Answered, type Refused, sendSurely } from '../support/surely.ts'
import { type Direction, TcpProxy } from '../support/tcpProxy.ts'

const given = process.env.PARLEY_TEST_ROUNDS
const rounds = Number(given ?? 4)
/** Both ways to append have a cluster of their own: by default the seed chooses one. */
const seed = chosenSeed()
const modes = given === undefined ? [seed % 2 === 0] : [true, false]

const faults = ['cut', 'abandon', 'delay', 'silence', 'refuse', 'reset-asked', 'reset-answered'] as const
type Fault = (typeof faults)[number]

/** Does it once, to one connection between a node and the log, and lets it come back. @returns how often something under way was reset */
async function disturb(proxy: TcpProxy, fault: Fault, random: Random): Promise<number> {
  let resets = 0
  const reset = async (direction: Direction, most: number): Promise<void> => {
    // Several times in a row, at another byte each time: in the middle of an append, or of its answer.
    for (let times = random.between(2, 6); times > 0; times--)
      await Promise.race([proxy.resetAfter(direction, random.between(1, most)).then(() => resets++), sleep(1_000)])
  }
  switch (fault) {
    case 'cut':
      for (let times = random.between(1, 5); times > 0; times--) {
        proxy.cut()
        await sleep(random.between(10, 400))
      }
      break
    case 'abandon':
      proxy.abandon()
      await sleep(1_500)
      break
    case 'delay':
      proxy.delay(200)
      await sleep(2_500)
      break
    case 'silence':
      proxy.silence()
      await sleep(random.between(200, 4_000))
      break
    case 'refuse':
      await proxy.refuse()
      await sleep(random.between(100, 2_500))
      break
    case 'reset-asked':
      await reset('asked', 6_000)
      break
    case 'reset-answered':
      await reset('answered', 1_500)
      break
    default:
      fault satisfies never
  }
  await proxy.comeBack()
  return resets
}

interface Outcome {
  readonly acknowledged: readonly Answered[]
  readonly refused: readonly Refused[]
}

/** People who write until they are told to stop, each a message after the other, through the nodes in turn. */
async function writers(
  { nodes }: Cluster,
  { token, roomId, count, stop }: { token: string | undefined; roomId: string; count: number; stop: AbortSignal },
): Promise<Outcome> {
  const refused: Refused[] = []
  const acknowledged: Answered[] = []
  const write = async (who: number): Promise<void> => {
    let turn = who
    const node = () => nodes[turn++ % nodes.length]?.server.graphql ?? ''
    for (let n = 0; !stop.aborted; n++) {
      const sending = { node, token, roomId, text: `${who}-${n}`, onRefusal: (one: Refused) => refused.push(one) }
      const answered = await sendSurely(sending)
      if (answered) acknowledged.push(answered)
      await sleep(5)
    }
  }
  await Promise.all(Array.from({ length: count }, (_, who) => write(who)))
  return { acknowledged, refused }
}

for (const batchAppend of modes)
  test(`ACK ONCE ORDER RESUME: connections to the log break in every way under traffic, ${batchAppend ? 'with' : 'without'} batch append`, {
    timeout: 60_000 + rounds * 20_000,
  }, async ({ skip }) => {
    const random = new Random(seed)
    const proxies = [await TcpProxy.start(), await TcpProxy.start()]
    await using closing = new AsyncDisposableStack()
    for (const proxy of proxies) closing.use(proxy)
    const through = (engine: string, address: string, node: number): string =>
      engine === 'log' ? (proxies[node]?.to(address) ?? address) : address
    await using cluster = await startCluster({ batchAppend, through })
    if (cluster === undefined) return skip('there is no MongoDB here')
    try {
      const addresses = cluster.nodes.map(({ server }) => server.graphql)
      const ada = await registered(addresses[0] ?? '', 'ada')
      const room = await createRoom(ada, 'Broken lines')
      const place = { token: ada.token, conversationId: room.id, nodes: () => addresses }
      const readers = [1, 2].map(() => new RoamingReader({ ...place, random: random.fork() }))
      await expect.poll(() => readers.every(({ heardAt }) => heardAt > 0), { timeout: 10_000 }).toBe(true)
      const stop = new AbortController()
      const writing = writers(cluster, { token: ada.token, roomId: room.id, count: 4, stop: stop.signal })
      const beganAt = performance.now()
      const done: string[] = []
      let longestMs = 0
      let resets = 0
      for (let round = 0; round < rounds / 2; round++) {
        const fault = faults[(seed + round) % faults.length] ?? 'cut'
        const some = random.chance(0.3) ? proxies : [random.pick(proxies)]
        for (const count of await Promise.all(some.map((proxy) => disturb(proxy, fault, random)))) resets += count
        const backAt = performance.now()
        for (const graphql of addresses) {
          const node = () => graphql
          await sendSurely({ node, token: ada.token, roomId: room.id, text: `after ${round} ${graphql}` })
        }
        const goesOnMs = performance.now() - backAt
        done.push(`${fault} ${Math.round(goesOnMs)} ms`)
        longestMs = Math.max(longestMs, goesOnMs)
      }
      stop.abort()
      const { acknowledged, refused } = await writing
      const told = acknowledged.map(({ text }) => text)
      await expect
        .poll(() => readers.map(({ texts }) => texts.length), { timeout: 20_000 })
        .toEqual(readers.map(() => told.length + 2 * done.length))
      for (const reader of readers) await reader.close()
      const last = await send(ada, room.id, 'the last one')
      await new ApiClient(ada.graphql, ada.token).query(
        '{ viewer { id } }',
        {},
        {
          headers: { 'parley-at-least': last.position },
        },
      )
      const shown = await shownMessages(ada, room.id)
      const again = acknowledged.filter(({ tries }) => tries > 1)
      console.log(
        `seed ${seed}, ${done.length} rounds, each with the time until all nodes took a message (${done.join(', ')}) in ${Math.round((performance.now() - beganAt) / 1_000)} s: ` +
          `${told.length} acknowledged, ${again.length} of them sent again, ${again.filter(({ duplicate }) => duplicate).length} of those ` +
          `had been written before; ${resets} resets while something was sent; ${refused.length} refused, at most after ${Math.max(0, ...refused.map(({ ms }) => Math.round(ms)))} ms; ` +
          `readers connected ${readers.map(({ connections }) => connections).join(' and ')} times`,
      )
      expect(told.length).toBeGreaterThan(4 * done.length)
      expect(shown.map(({ number }) => number)).toEqual(shown.map((_, index) => index + 1))
      const texts = shown.map(({ text }) => text)
      expect(new Set(texts).size, 'nothing is there twice').toBe(texts.length)
      expect(new Set(texts)).toEqual(new Set([...texts.filter((text) => /^after|^the last/.test(text ?? '')), ...told]))
      for (const { text, number } of acknowledged) expect(shown[number - 1]?.text).toBe(text)
      for (const who of [0, 1, 2, 3]) {
        const own = texts.filter((text) => text?.startsWith(`${who}-`))
        expect(own).toEqual(own.map((_, n) => `${who}-${n}`))
      }
      for (const reader of readers) {
        const [first = 0] = reader.revisions
        expect(reader.revisions).toEqual(reader.revisions.map((_, index) => first + index))
        expect(reader.texts).toEqual(texts.slice(0, -1))
        expect(reader.resets).toBe(0)
      }
      expect(new Set(refused.map(({ why }) => why)).difference(new Set(['UNAVAILABLE']))).toEqual(new Set())
      expect(Math.max(0, ...refused.map(({ ms }) => ms))).toBeLessThan(5_500)
      expect(longestMs).toBeLessThan(10_000)
    } catch (error) {
      console.log(`SEED=${seed} replays the choices. ${cluster.nodes.map(({ server }) => server.log()).join('\n')}`)
      throw error
    }
  })
