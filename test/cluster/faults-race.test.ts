// Eight people race for one room through three nodes, over lines to the log that are slow for one of them: with keys of their own, and with
// the same keys as others of them. Conflicts between the nodes are nobody's business.

import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { startCluster } from '../support/cluster.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { TcpProxy } from '../support/tcpProxy.ts'

/** Messages of each writer. */
const each = Number(process.env.PARLEY_TEST_ROUNDS ?? 12)

interface Acknowledged {
  readonly key: string
  readonly text: string
  readonly answer: Data
  readonly ms: number
}

for (const batchAppend of [true, false])
  test(`ONCE ORDER: eight writers race through three nodes, ${batchAppend ? 'with' : 'without'} batch append: each key is one message, and numbers have no holes`, {
    timeout: 120_000 + each * 5_000,
  }, async ({ skip }) => {
    const seed = chosenSeed()
    const random = new Random(seed)
    await using proxy = await TcpProxy.start()
    await using cluster = await startCluster({
      nodes: 3,
      batchAppend,
      through: (engine, address, node) => (engine === 'log' && node === 2 ? proxy.to(address) : address),
    })
    if (cluster === undefined) return skip('there is no MongoDB here')
    const addresses = cluster.nodes.map(({ server }) => server.graphql)
    const ada = await registered(addresses[0] ?? '', 'ada')
    const room = await createRoom(ada, 'Race')
    // Four who write by themselves, and two whose two devices send the same with the same keys.
    const alone = await Promise.all([1, 2, 3, 4].map((n) => guest(addresses[n % 3] ?? '', `alone ${n}`)))
    const twice = await Promise.all([1, 2].map((n) => guest(addresses[n % 3] ?? '', `twice ${n}`)))
    for (const client of [...alone, ...twice]) await join(client, room.id)
    const writers = [...alone, ...twice, ...twice].map((client, who) => ({ client, who, random: random.fork() }))
    proxy.delay(20)
    const began = performance.now()
    const written = await Promise.all(
      writers.map(async ({ client, who, random: own }) => {
        const all: Acknowledged[] = []
        for (let n = 0; n < each; n++) {
          // The two devices of one person have the same name.
          const key = `${who < 4 ? who : 4 + (who % 2)}-${n}`
          const at = performance.now()
          const node = new ApiClient(own.pick(addresses), client.token)
          const answer = await send(node, room.id, `text of ${key}`, key)
          all.push({ key, text: `text of ${key}`, answer, ms: performance.now() - at })
        }
        return all
      }),
    )
    const seconds = (performance.now() - began) / 1_000
    await proxy.comeBack()
    const all = written.flat()
    const refused = all.filter(({ answer }) => answer.message === undefined)
    const slowest = Math.max(...all.map(({ ms }) => ms))
    const duplicates = all.filter(({ answer }) => answer.duplicate).length
    console.log(
      `seed ${seed}: ${all.length} sent in ${seconds.toFixed(1)} s, ${refused.length} refused, ${duplicates} told to be there already, ` +
        `the slowest after ${Math.round(slowest)} ms`,
    )
    expect(
      refused.map(({ answer }) => answer),
      'no conflict is seen',
    ).toEqual([])
    expect(duplicates).toBe(2 * each)
    const ids = Map.groupBy(all, ({ key }) => key)
    for (const [key, some] of ids) {
      expect(new Set(some.map(({ answer }) => answer.message.id)).size, key).toBe(1)
      expect(
        some.filter(({ answer }) => !answer.duplicate),
        key,
      ).toHaveLength(1)
    }
    const last = await send(ada, room.id, 'the last one')
    await ada.query('{ viewer { id } }', {}, { headers: { 'parley-at-least': last.position } })
    const shown = await shownMessages(ada, room.id)
    expect(shown.map(({ number }) => number)).toEqual(Array.from({ length: 6 * each + 1 }, (_, index) => index + 1))
    for (const { text, answer } of all)
      expect(shown[answer.message.number - 1]).toMatchObject({ id: answer.message.id, text })
    for (const who of [0, 1, 2, 3, 4, 5]) {
      const own = shown.flatMap(({ text }) => (text?.startsWith(`text of ${who}-`) ? [text] : []))
      expect(own, 'everybody’s own order').toEqual(Array.from({ length: each }, (_, n) => `text of ${who}-${n}`))
    }
    const verified = await parley(
      ['projections', 'verify', '--all', '--data', cluster.nodes[0]?.folder ?? '', '--json'],
      cluster.env,
    )
    expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 })
  })
