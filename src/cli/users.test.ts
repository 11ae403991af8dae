import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'

const main = path.join(import.meta.dirname, '..', 'main.ts')

function folder(): string {
  const data = mkdtempSync(path.join(tmpdir(), 'parley-user-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  return data
}

/** Runs `parley user …` to its end, with this piped to it. */
async function user(args: readonly string[], piped = '') {
  const child = spawn(process.execPath, [main, 'user', ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A command that wants no input may be gone before it is written.
  child.stdin.on('error', () => {})
  child.stdin.end(piped)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

const good = 'correct horse battery\n'

test('accounts are made, listed and changed on a folder without a server', async () => {
  const data = ['--data', folder()]
  const ada = await user(['create', 'Ada', '--role', 'owner', ...data], good)
  expect(ada).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('The account Ada is made (user_') })

  const bob = await user(['create', 'bob', '--display-name', 'Bob B.', '--generate-password', '--json', ...data])
  expect(JSON.parse(bob.stdout)).toEqual({
    user: {
      id: expect.stringMatching(/^user_/),
      username: 'bob',
      displayName: 'Bob B.',
      kind: 'HUMAN',
      serverRole: 'MEMBER',
      disabled: false,
    },
    changed: true,
    password: expect.stringMatching(/^([a-z2-9]{5}-){4}[a-z2-9]{5}$/),
  })

  const [first, rest] = [
    await user(['list', '--limit', '1', ...data]),
    await user(['list', '--from', 'bob', '--json', ...data]),
  ]
  expect(first.stdout).toMatch(/^username +role +disabled +made +display name +id\nAda +owner /)
  expect(first.stderr).toBe('There are more: add --from bob\n')
  expect(JSON.parse(rest.stdout)).toMatchObject({ users: [{ username: 'bob', displayName: 'Bob B.' }], next: null })
  expect(JSON.parse((await user(['list', '--query', 'AD', '--json', ...data])).stdout).users).toHaveLength(1)

  expect(await user(['role', 'bob', 'admin', ...data])).toMatchObject({ code: 0, stderr: 'bob is admin now.\n' })
  expect(await user(['disable', '@BOB', '--reason', 'Spam.', ...data])).toMatchObject({ stderr: 'bob is disabled.\n' })
  expect(await user(['disable', 'bob', ...data])).toMatchObject({ stderr: 'Nothing to do: bob is disabled.\n' })
  expect(await user(['enable', 'bob', '--json', ...data])).toMatchObject({ code: 0 })
  const reset = await user(['reset-password', 'bob', '--generate-password', ...data])
  expect(reset.stdout).toMatch(/^([a-z2-9]{5}-){4}[a-z2-9]{5}\n$/)
  expect(reset.stderr).toContain('signed out everywhere')
}, 60_000)

test('what cannot be is told, with a code for scripts', async () => {
  const data = ['--data', folder()]
  await user(['create', 'ada', '--role', 'owner', ...data], good)
  const refusals: readonly (readonly [readonly string[], string, number, string])[] = [
    [['create', 'ADA'], good, 1, 'is taken'],
    [['create', 'grace', '--role', 'owner'], good, 1, 'parley user role NAME owner'],
    [['create', 'no name'], good, 2, 'letters'],
    [['create', 'grace'], 'short\n', 2, 'shorter than 8'],
    [['create', 'grace'], '', 2, '--generate-password'],
    [['create', 'grace', '--role', 'guest'], good, 2, 'Allowed choices'],
    [['role', 'ada', 'member'], '', 1, 'the last owner'],
    [['disable', 'ada'], '', 1, 'the last owner'],
    [['enable', 'nobody'], '', 1, 'no such person'],
    [['list', '--limit', '1001'], '', 2, '1,000'],
  ]
  for (const [args, piped, code, sentence] of refusals) {
    const refused = await user([...args, ...data], piped)
    expect({ ...refused, args }).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) })
  }
}, 60_000)

test('help shows how it is done', async () => {
  const { code, stdout } = await user(['create', '--help'])
  expect(code).toBe(0)
  expect(stdout).toContain('Examples:\n  parley user create ada')
})
