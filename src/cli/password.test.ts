import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { generatedPassword, readPassword } from './password.ts'

/** A terminal on which this is typed, a line after each question. */
function terminal(...lines: readonly string[]) {
  const typed = new PassThrough()
  const shown = new PassThrough()
  let screen = ''
  let left = [...lines]
  shown.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    const [line, ...rest] = left
    if (!/: $/.test(chunk.toString()) || line === undefined) return
    left = rest
    setImmediate(() => typed.write(line))
  })
  const modes: boolean[] = []
  const input = Object.assign(typed, { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) })
  // Only what is used of a terminal is there.
  return { source: { input: input as unknown as NodeJS.ReadStream, output: shown }, screen: () => screen, modes }
}

test('a password is asked for twice, and never shown', async () => {
  const { source, screen, modes } = terminal('corrr\u007fect horse\r', 'correct horse\r')
  expect(await readPassword(source)).toBe('correct horse')
  expect(screen()).toBe('Password: \nThe same again: \n')
  expect(modes).toEqual([true, false, true, false])
})

test('two that differ are none, and Ctrl-C ends it', async () => {
  await expect(readPassword(terminal('correct horse\r', 'correct house\r').source)).rejects.toThrow('differ')
  const { source, modes } = terminal('corr\u0003')
  await expect(readPassword(source)).rejects.toThrow('Nothing was changed')
  expect(modes).toEqual([true, false])
})

test('what is piped is taken as it is, less the line break at its end', async () => {
  const piped = (text: string) => {
    const input = new PassThrough()
    input.end(text)
    // Only what is used of a pipe is there.
    return readPassword({ input: input as unknown as NodeJS.ReadStream, output: new PassThrough() })
  }
  expect(await piped(' correct horse \r\n')).toBe(' correct horse ')
  expect(await piped('correct\nhorse')).toBe('correct\nhorse')
  await expect(piped('\n')).rejects.toThrow('No password came')
})

test('generated passwords differ', () => {
  const many = new Set(Array.from({ length: 100 }, generatedPassword))
  expect(many.size).toBe(100)
  for (const one of many) expect(one).toMatch(/^([a-z2-9]{5}-){4}[a-z2-9]{5}$/)
})
