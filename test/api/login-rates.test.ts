import { expect, test } from 'vitest'
import { ApiClient, type Data, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

const password = 'correct horse battery'

test('guessing is slowed down more and more, and nobody is locked out by it', async () => {
  await using server = await startTestServer({ env: { PARLEY_RATE_LIMITS: 'on' } })
  await registered(server.graphql, 'victim')
  const anonymous = new ApiClient(server.graphql)
  const login = (given: string) => mutate(anonymous, 'login', { username: 'victim', password: given }, 'token')
  const delays: number[] = []
  for (let guess = 0; guess < 2; guess++) {
    expect(await login(`guess number ${guess}`)).toMatchObject({ __typename: 'UnauthenticatedError' })
    // Too early, and with the right password too: nothing is told by the answer.
    const refused = await login(password)
    expect(refused).toMatchObject({ __typename: 'RateLimitedError', code: 'RATE_LIMITED' })
    delays.push(refused.retryAfterSeconds)
    await new Promise((resolve) => setTimeout(resolve, refused.retryAfterSeconds * 1_000 + 50))
  }
  expect(delays[0]).toBe(1)
  expect(delays[1]).toBe(2)
  expect(await login(password)).toMatchObject({ __typename: 'LoginPayload' })
})

test('only so many guests come from one address at once', async () => {
  await using server = await startTestServer({ env: { PARLEY_RATE_LIMITS: 'on' } })
  const anonymous = new ApiClient(server.graphql)
  const made = await Promise.all(Array.from({ length: 30 }, () => mutate(anonymous, 'createGuest', {}, 'token')))
  const refused = made.filter(({ __typename }) => __typename === 'RateLimitedError')
  expect(made.filter(({ __typename }) => __typename === 'CreateGuestPayload').length).toBeGreaterThanOrEqual(20)
  expect(refused.length).toBeGreaterThan(0)
  for (const { retryAfterSeconds } of refused) expect(retryAfterSeconds).toBeGreaterThan(0)
})

test('commands that come too fast are refused, and work again after the time that was said', async () => {
  await using server = await startTestServer({ env: { PARLEY_RATE_LIMITS: 'on' } })
  const ada = await registered(server.graphql, 'ada')
  const update = () => mutate(ada, 'updateProfile', { bio: 'Tea' })
  // Many in one request: however slow the machine is, they come faster than they may.
  const field = 'updateProfile(input: { bio: "Tea" }) { __typename ... on RateLimitedError { retryAfterSeconds } }'
  const document = `mutation { ${Array.from({ length: 20 }, (_, index) => `u${index}: ${field}`).join(' ')} }`
  const answers = await Promise.all(Array.from({ length: 20 }, () => ada.query(document)))
  const results = answers.flatMap((answer) => Object.values<Data>(answer))
  const refused = results.filter(({ __typename }) => __typename === 'RateLimitedError')
  expect(refused.length).toBeGreaterThan(0)
  const wait = Math.max(...refused.map(({ retryAfterSeconds }) => retryAfterSeconds))
  await new Promise((resolve) => setTimeout(resolve, wait * 1_000))
  expect(await update()).toMatchObject({ __typename: 'UpdateProfilePayload' })
})
