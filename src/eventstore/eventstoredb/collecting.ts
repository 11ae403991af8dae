// All that one read of the client brings.

import type { StreamingRead } from '@eventstore/db-client'

/**
 * Reads to the end. When the signal is aborted the server is told to stop; the promise then never settles, for the
 * client says nothing of a call that it cancelled itself.
 */
export function collect<E>(reading: StreamingRead<E>, signal: AbortSignal): Promise<E[]> {
  return new Promise((resolve, reject) => {
    const found: E[] = []
    const cancel = () => {
      reading.cancel().catch(() => {})
    }
    signal.addEventListener('abort', cancel)
    reading.on('data', (event: E) => found.push(event))
    reading.on('end', () => {
      signal.removeEventListener('abort', cancel)
      resolve(found)
    })
    // Stays to the last: an error that comes after the first one would otherwise end the process.
    reading.on('error', (error) => {
      signal.removeEventListener('abort', cancel)
      reject(error)
    })
  })
}
