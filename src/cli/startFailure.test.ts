import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { CannotOpen } from '../eventstore/port.ts'
import { startFailure } from './startFailure.ts'

const config = { host: '127.0.0.1', port: 4000, data: '/data' }

test('a taken port is told with what to do', async () => {
  const first = createServer().listen(0, '127.0.0.1')
  await once(first, 'listening')
  const address = first.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const [error] = await once(createServer().listen(port, '127.0.0.1'), 'error').catch((reason: unknown) => [reason])
  expect(startFailure(error, { ...config, port })).toMatchObject({
    name: 'CliFailure',
    exit: 1,
    message: `Port ${port} on 127.0.0.1 is taken. Stop what listens there, or choose another one with --port.`,
  })
  first.close()
})

test('a store that cannot be opened speaks for itself', () => {
  expect(startFailure(new CannotOpen('In use by process 12. Stop it.'), config)).toMatchObject({
    name: 'CliFailure',
    message: 'In use by process 12. Stop it.',
  })
})

test('missing rights are told apart: the port or the folder', () => {
  const listen = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'listen', port: 80 })
  expect(startFailure(listen, { ...config, port: 80 })).toMatchObject({ message: expect.stringMatching(/^Port 80 /) })
  const open = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/data/log.db' })
  expect(startFailure(open, config)).toMatchObject({ message: expect.stringMatching(/^\/data\/log\.db may not/) })
})

test('what nobody foresaw stays as it is', () => {
  const error = new TypeError('x is not a function')
  expect(startFailure(error, config)).toBe(error)
})
