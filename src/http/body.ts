// The body of an HTTP request, as text, never more than allowed.

import type { IncomingMessage } from 'node:http'
import { type Refused, refused } from './refusal.ts'

/** @param limit bytes */
export async function readBody(request: IncomingMessage, limit: number): Promise<string | Refused> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    return { ...refused('BAD_INPUT', 'Send the body as it is: compressed bodies are not taken.'), status: 415 }
  const tooLarge: Refused = {
    ...refused('TOO_LARGE', `The body may have ${limit} bytes. Send less at once.`),
    status: 413,
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume()
    return tooLarge
  }
  const { promise, resolve } = Promise.withResolvers<string | Refused>()
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    // The rest is read and thrown away, until the server loses patience: a client that still sends would not hear the answer.
    if (bytes > limit) resolve(tooLarge)
    else chunks.push(chunk)
  })
  request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
  request.once('close', () => resolve(refused('BAD_INPUT', 'The body ended before it was complete.')))
  return promise
}
