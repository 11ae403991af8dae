import { describe, expect, test } from 'vitest'
import type { ConversationId } from '../domain/ids.ts'
import type { Access } from './access.ts'
import { Granted } from './granted.ts'

const room = 'room_00000000-0000-4000-8000-000000000001' as ConversationId
const other = 'room_00000000-0000-4000-8000-000000000002' as ConversationId
const all: Access = { visibleFrom: 0 }
const answering =
  (access: Access | undefined) =>
  async (ids: readonly ConversationId[] = [room]) =>
    ids.map(() => access)

describe('what was granted', () => {
  test('is not asked for again where nothing was read since', async () => {
    const granted = new Granted()
    granted.read()
    await granted.asking([room], answering(all))
    expect(await granted.lost(() => Promise.reject(new Error('It was asked.')))).toBe(false)
  })

  test.each([
    ['holds', all, false],
    ['has ended', undefined, true],
    ['shows less', { visibleFrom: 7 }, true],
  ])('and %s, once something was read since', async (_, now, lost) => {
    const granted = new Granted()
    await granted.asking([room], answering(all))
    granted.read()
    expect(await granted.lost(answering(now))).toBe(lost)
  })

  test('is lost where a later answer of the same operation denies it', async () => {
    const granted = new Granted()
    await granted.asking([room], answering(all))
    await granted.asking([room], answering(undefined))
    expect(await granted.lost(answering(all))).toBe(true)
  })

  test('is not lost by what was never granted', async () => {
    const granted = new Granted()
    await granted.asking([other], answering(undefined))
    granted.read()
    expect(await granted.lost(answering(undefined))).toBe(false)
  })

  test('does not cover what was read while it was asked for', async () => {
    const granted = new Granted()
    await granted.asking([room], async () => {
      granted.read()
      return [all]
    })
    expect(await granted.lost(answering(undefined))).toBe(true)
  })
})
