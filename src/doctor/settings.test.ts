import { expect, test } from 'vitest'
import { loadConfig } from '../config.ts'
import { lookAtSettings } from './settings.ts'

const warned = (env: Readonly<Record<string, string>>): readonly string[] =>
  lookAtSettings(loadConfig({ env, cwd: '/nowhere' }))
    .filter(({ level }) => level === 'warning')
    .map(({ what }) => what)

test('the defaults are nothing to worry about', () => {
  expect(warned({})).toEqual([])
  expect(lookAtSettings(loadConfig({ env: {}, cwd: '/nowhere' }))).toMatchObject([{ level: 'ok' }])
})

test.each([
  [{ PARLEY_HOST: '0.0.0.0' }, ['PARLEY_HOST', 'PARLEY_REGISTRATION']],
  [{ PARLEY_HOST: '0.0.0.0', PARLEY_PUBLIC_URL: 'https://chat.test', PARLEY_REGISTRATION: 'closed' }, []],
  [
    { PARLEY_HOST: '::', PARLEY_ORIGINS: 'https://a.test', PARLEY_TRUST_PROXY: 'on' },
    ['PARLEY_TRUST_PROXY', 'PARLEY_REGISTRATION'],
  ],
  [{ PARLEY_PUBLIC_URL: 'https://chat.test', PARLEY_REGISTRATION: 'closed' }, ['PARLEY_TRUST_PROXY']],
  [
    { PARLEY_PUBLIC_URL: 'http://chat.test', PARLEY_REGISTRATION: 'closed', PARLEY_TRUST_PROXY: 'on' },
    ['PARLEY_PUBLIC_URL'],
  ],
  [{ PARLEY_ORIGINS: '*', PARLEY_RATE_LIMITS: 'off' }, ['PARLEY_ORIGINS', 'PARLEY_RATE_LIMITS']],
  [{ PARLEY_PROT: '1' }, ['variables']],
] as const)('%j is warned of: %j', (env, expected) => {
  expect(warned(env)).toEqual(expected)
})

test('what to do about a variable that is none is said once', () => {
  const text = JSON.stringify(lookAtSettings(loadConfig({ env: { PARLEY_WHATEVER: '1' }, cwd: '/nowhere' })))
  expect(text.match(/remove it/gi)).toEqual(['Remove it'])
})
