// A process that writes to two rooms until it is killed, or, told to, until everything is sent: run by a test.
// Arguments: address, token, folder (none: it is kept in memory), first number, how many, ids of rooms.

import { writeSync } from 'node:fs'
import { ParleyClient } from './client.ts'
import { fileStorage } from './fileStorage.ts'
import { memoryStorage } from './memoryStorage.ts'

const [address = '', token = '', folder = '', first = '0', count = '0', ...rooms] = process.argv.slice(2)

const client = await ParleyClient.connect({
  addresses: [address],
  signIn: { token },
  storage: folder === '' ? memoryStorage() : fileStorage(folder),
  clock: {
    now: () => Date.now(),
    random: () => Math.random() * 0.05,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => resolve())
      }),
  },
})
for (let number = Number(first); number < Number(first) + Number(count); number++) {
  const room = rooms[number % rooms.length] ?? ''
  await client.send(room, String(number))
  // What is promised is said at once, whatever happens next.
  writeSync(1, `${number}\n`)
}
await client.outbox.settled()
writeSync(1, 'settled\n')
client.close()
