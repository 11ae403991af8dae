import { expect, test } from 'vitest'
import { type BusMessage, LocalBus } from './bus.ts'

test('who listens to a topic hears what is said of it, until they have heard enough', () => {
  const bus = new LocalBus()
  const heard: [string, BusMessage][] = []
  bus.publish('tea', { n: 0 })
  const one = bus.subscribe('tea', (message) => heard.push(['one', message]))
  using _two = bus.subscribe('tea', (message) => heard.push(['two', message]))
  using _other = bus.subscribe('coffee', (message) => heard.push(['other', message]))
  bus.publish('tea', { n: 1 })
  one[Symbol.dispose]()
  one[Symbol.dispose]()
  bus.publish('tea', { n: 2 })
  expect(heard).toEqual([
    ['one', { n: 1 }],
    ['two', { n: 1 }],
    ['two', { n: 2 }],
  ])
})
