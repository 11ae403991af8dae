// ONCE: what was queued is sent once and in order, whatever becomes of the process that queued it, or of its connection.
// SDK_KILL_ROUNDS=100 for a longer run; SEED=… repeats one.

import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, registered } from '../../test/support/client.ts'
import { chosenSeed, Random } from '../../test/support/random.ts'
import { TcpProxy } from '../../test/support/tcpProxy.ts'
import { newFolder, startTestServer } from '../../test/support/testServer.ts'

const rounds = Number(process.env.SDK_KILL_ROUNDS ?? 6)
const perRound = 40

/** Runs it until it is done, or is killed. @returns the numbers that it has promised, and whether everything was sent */
async function run(args: readonly string[], killAfterMs: number | undefined) {
  const program = fileURLToPath(new URL('outboxProcessForTests.ts', import.meta.url))
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  let killing: Promise<unknown> | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    // From the first word on, so that something has begun.
    if (killAfterMs !== undefined) killing ??= sleep(killAfterMs).then(() => child.kill('SIGKILL'))
  }
  await killing
  return { promised: lines.filter((line) => line !== 'settled').map(Number), settled: lines.includes('settled') }
}

/** The texts of a room, in its order. */
async function textsOf(client: ApiClient, id: string): Promise<readonly number[]> {
  const texts: number[] = []
  const query =
    'query ($id: ID!, $after: String) { conversation(id: $id) { messages(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { text } } } }'
  for (let after: string | undefined, more = true; more; ) {
    const { messages }: Data = (await client.query(query, { id, after })).conversation
    texts.push(...messages.nodes.map(({ text }: { readonly text: string }) => Number(text)))
    after = messages.pageInfo.endCursor
    more = messages.pageInfo.hasNextPage
  }
  return texts
}

test('ONCE: an outbox survives the kills of its process', { timeout: 30_000 + rounds * 5_000 }, async () => {
  const seed = chosenSeed()
  console.info(`seed ${seed}`)
  const random = new Random(seed)
  const folder = await newFolder()
  await using server = await startTestServer()
  await using proxy = await TcpProxy.start()
  const address = proxy.to(server.url)
  try {
    const ada = await registered(server.graphql, 'ada')
    const rooms = [(await createRoom(ada, 'Tea')).id, (await createRoom(ada, 'Cake')).id]
    const start = (first: number, count: number, killAfterMs?: number) =>
      run([address, ada.token ?? '', folder, String(first), String(count), ...rooms], killAfterMs)

    // The session is known from then on: later ones begin without a server too.
    const promised = [...(await start(0, 2)).promised]
    for (let round = 0; round < rounds; round++) {
      const away = random.chance(0.4)
      if (away) await proxy.refuse()
      const cutting = away ? undefined : sleep(random.between(5, 150)).then(() => proxy.cut())
      const { promised: more } = await start(1_000 * (round + 1), perRound, random.between(0, 250))
      await cutting
      if (away) await proxy.comeBack()
      promised.push(...more)
    }
    const last = await start(1_000_000, 2)
    expect(last.settled).toBe(true)
    promised.push(...last.promised)

    for (const [index, room] of rooms.entries()) {
      const texts = await textsOf(ada, room)
      // In order, and so each once.
      expect(texts, `seed ${seed}`).toEqual([...new Set(texts)].sort((a, b) => a - b))
      const here = promised.filter((number) => number % 2 === index)
      expect(
        here.filter((number) => !texts.includes(number)),
        `seed ${seed}`,
      ).toEqual([])
    }
    expect(promised.length).toBeGreaterThan(4 + rounds)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('control: an outbox that is only kept in memory loses what it has promised', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = (await createRoom(ada, 'Tea')).id
  const args = [server.url, ada.token ?? '', '', '0', '300', room]
  const { promised } = await run(args, 0)
  const texts = await textsOf(ada, room)
  expect(promised.filter((number) => !texts.includes(number)).length).toBeGreaterThan(0)
})
