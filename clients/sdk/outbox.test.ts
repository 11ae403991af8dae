// Messages on their way, against a server that answers as it is told to.

import { expect, test } from 'vitest'
import { Addresses } from './addresses.ts'
import { QuickClock } from './clockForTests.ts'
import { memoryStorage } from './memoryStorage.ts'
import { type Notice, Notices } from './notices.ts'
import { Outbox } from './outbox.ts'
import { type Fetch, Requests } from './requests.ts'
import { Session } from './session.ts'
import type { Storage } from './storage.ts'

interface Sent {
  readonly conversationId: string
  readonly text: string
  readonly clientMessageId: string
}

type Answer = 'ok' | 'lost' | 'away' | 'no json' | { readonly refused: object } | { readonly error: string }

const user = { id: 'user_1', username: 'ada', displayName: 'Ada' }

/** @param answer to each attempt; `lost` is carried out, and not answered */
async function opened(answer: (sent: Sent, attempt: number) => Answer, storage: Storage = memoryStorage()) {
  const attempts: Sent[] = []
  const log: Sent[] = []
  const fetch: Fetch = async (_, { body }) => {
    const { input }: { input: Sent } = JSON.parse(body).variables
    attempts.push(input)
    const how = answer(
      input,
      attempts.filter(({ clientMessageId }) => clientMessageId === input.clientMessageId).length,
    )
    const json = (data: object) => ({ status: 200, json: async () => data })
    if (how === 'away') throw new TypeError('fetch failed')
    if (how === 'no json') return { status: 502, json: () => Promise.reject(new SyntaxError('Unexpected token <')) }
    if (typeof how === 'object')
      return 'refused' in how
        ? json({ data: { sendMessage: how.refused } })
        : json({ errors: [{ message: 'Because.', extensions: { code: how.error } }] })
    const known = log.findIndex(({ clientMessageId }) => clientMessageId === input.clientMessageId)
    if (known < 0) log.push(input)
    if (how === 'lost') throw new TypeError('fetch failed')
    const number = known < 0 ? log.length : known + 1
    const message = { id: `message_${number}`, number, clientMessageId: input.clientMessageId, author: user }
    return json({ data: { sendMessage: { __typename: 'SendMessagePayload', duplicate: known >= 0, message } } })
  }
  const heard: Notice[] = []
  const notices = new Notices((notice) => void heard.push(notice))
  const clock = new QuickClock(() => 1)
  const closing = new AbortController()
  const requests = new Requests({ addresses: new Addresses(['http://one', 'http://two']), clock, fetch })
  requests.signIn(new Session({ token: 't', user, onEnd: () => notices.report({ name: 'SESSION_ENDED' }) }))
  const outbox = await Outbox.open({ storage, requests, clock, notices, signal: closing.signal })
  outbox.start()
  return { outbox, attempts, log, heard, clock, closing, storage }
}

const texts = (sent: readonly Sent[]): readonly string[] => sent.map(({ text }) => text)

test('messages of a conversation are sent in order, one at a time, with the same key until they are answered', async () => {
  const answers: Readonly<Record<number, Answer>> = { 1: 'away', 2: 'lost', 3: 'no json', 4: { error: 'UNAVAILABLE' } }
  const { outbox, attempts, log, clock, storage } = await opened((_, attempt) => answers[attempt] ?? 'ok')
  await Promise.all(['one', 'two', 'three'].map((text) => outbox.add('room_a', text)))
  await outbox.settled()
  expect(texts(log)).toEqual(['one', 'two', 'three'])
  expect(texts(attempts)).toEqual(['one', 'two', 'three'].flatMap((text) => Array(5).fill(text)))
  expect(new Set(attempts.map(({ clientMessageId }) => clientMessageId)).size).toBe(3)
  // The waits of each message begin anew.
  expect(clock.slept).toEqual([500, 1_000, 2_000, 4_000, 500, 1_000, 2_000, 4_000, 500, 1_000, 2_000, 4_000])
  expect(outbox.entries()).toEqual([])
  expect(await storage.keys('')).toEqual([])
})

test('one conversation does not wait for another', async () => {
  let back = false
  const { outbox, log } = await opened(({ conversationId }) => (conversationId === 'room_a' && !back ? 'away' : 'ok'))
  await outbox.add('room_a', 'waits')
  await outbox.add('room_b', 'goes')
  await expect.poll(() => texts(log)).toEqual(['goes'])
  expect(texts(outbox.entries())).toEqual(['waits'])
  back = true
  await outbox.settled()
  expect(texts(log)).toEqual(['goes', 'waits'])
})

test.each(['BAD_INPUT', 'TOO_LARGE', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'ARCHIVED'])(
  'what is refused with %s is not tried again, is told, and holds up nothing',
  async (code) => {
    const refused = { __typename: 'SomeError', code, detail: 'Because.' }
    let lenient = false
    const { outbox, log, heard, storage } = await opened(({ text }) =>
      text === 'bad' && !lenient ? { refused } : 'ok',
    )
    const { clientMessageId } = await outbox.add('room_a', 'bad')
    await outbox.add('room_a', 'good')
    await outbox.settled()
    expect(texts(log)).toEqual(['good'])
    const refusal = { code, detail: 'Because.' }
    expect(heard).toEqual([{ name: 'MESSAGE_REFUSED', conversationId: 'room_a', clientMessageId, ...refusal }])
    // It is there after a restart too, and is not tried by itself.
    const next = await opened(({ text }) => (text === 'bad' && !lenient ? { refused } : 'ok'), storage)
    await next.outbox.settled()
    expect(next.outbox.entries()).toMatchObject([{ text: 'bad', refusal }])
    expect(next.attempts).toEqual([])
    lenient = true
    expect(await next.outbox.retry(clientMessageId)).toBe(true)
    await next.outbox.settled()
    expect(next.log).toMatchObject([{ text: 'bad', clientMessageId }])
    expect(await storage.keys('')).toEqual([])
  },
)

test('whoever is too fast waits as long as the server says', async () => {
  const refused = { __typename: 'RateLimitedError', code: 'RATE_LIMITED', detail: 'Slowly.', retryAfterSeconds: 7 }
  const { outbox, log, clock, heard } = await opened((_, attempt) => (attempt === 1 ? { refused } : 'ok'))
  await outbox.add('room_a', 'one')
  await outbox.settled()
  expect(texts(log)).toEqual(['one'])
  expect(clock.slept).toEqual([7_500])
  expect(heard).toEqual([])
})

test('when the session is over nothing more is tried, and what is queued stays', async () => {
  const { outbox, attempts, heard, storage } = await opened(() => ({ error: 'UNAUTHENTICATED' }))
  await outbox.add('room_a', 'one')
  await outbox.add('room_a', 'two')
  await outbox.settled()
  expect(texts(attempts)).toEqual(['one'])
  await expect.poll(() => heard).toEqual([{ name: 'SESSION_ENDED' }])
  const next = await opened(() => 'ok', storage)
  await next.outbox.settled()
  expect(texts(next.log)).toEqual(['one', 'two'])
})

test('what waits when the client is closed is sent by the next, in order', async () => {
  const { outbox, closing, storage, log } = await opened(() => 'lost')
  await Promise.all(['one', 'two', 'three'].map((text) => outbox.add('room_a', text)))
  await expect.poll(() => texts(log)).toEqual(['one'])
  closing.abort()
  await outbox.settled()
  const next = await opened(() => 'ok', storage)
  await next.outbox.settled()
  expect(texts(next.log)).toEqual(['one', 'two', 'three'])
  expect(next.log[0]).toEqual(log[0])
})

test('what is queued after the clock was set back comes after what was queued before', async () => {
  const storage = memoryStorage()
  const { outbox, closing } = await opened(() => 'away', storage)
  await outbox.add('room_a', 'one')
  closing.abort()
  const [key = ''] = await storage.keys('')
  const value = (await storage.get(key)) ?? ''
  await storage.delete(key)
  await storage.set(
    key.replace(/\d{16}/, (order) => String(Number(order) + 5_000_000).padStart(16, '0')),
    value,
  )
  const next = await opened(() => 'ok', storage)
  await Promise.all([next.outbox.add('room_a', 'two'), next.outbox.settled()])
  await next.outbox.settled()
  expect(texts(next.log)).toEqual(['one', 'two'])
})

test('what is dismissed is not sent, and what a feed has brought is not sent again', async () => {
  let back = false
  const { outbox, log, storage } = await opened(() => (back ? 'ok' : 'away'))
  const [first, second] = await Promise.all(['one', 'two', 'three'].map((text) => outbox.add('room_a', text)))
  expect(await outbox.dismiss(second?.clientMessageId ?? '')).toBe(true)
  // A whole message is what a feed has.
  await outbox.confirm(first?.clientMessageId ?? '', { number: 1 } as Parameters<Outbox['confirm']>[1])
  back = true
  await outbox.settled()
  expect(texts(log)).toEqual(['three'])
  expect(await storage.keys('')).toEqual([])
})

test('what cannot be stored is not queued', async () => {
  const full: Storage = { ...memoryStorage(), set: () => Promise.reject(new Error('The disk is full.')) }
  const { outbox, attempts } = await opened(() => 'ok', full)
  await expect(outbox.add('room_a', 'one')).rejects.toThrow('The disk is full.')
  await outbox.settled()
  expect(outbox.entries()).toEqual([])
  expect(attempts).toEqual([])
})
