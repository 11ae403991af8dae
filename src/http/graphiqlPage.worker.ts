// Makes the GraphiQL page and compresses it, on a thread of its own: the page has 9 MB, and the memory that making it takes goes
// with the thread.

import { hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'

/** The page in two encodings. */
export interface GraphiqlPage {
  readonly br: Uint8Array
  readonly gzip: Uint8Array
  readonly etag: string
}

/** A tab that is pressed is moved aside as if it were dragged, and the click misses it. So tabs stay where they are. */
const still = '<style>.graphiql-tab { transform: none !important }</style>'
const page = Buffer.from(renderGraphiQL(workerData).replace('</head>', `${still}</head>`))
const made: GraphiqlPage = {
  // 5 is where brotli is about as quick as gzip.
  br: brotliCompressSync(page, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: gzipSync(page, { level: 6 }),
  etag: hash('sha256', page, 'base64url').slice(0, 22),
}
parentPort?.postMessage(made)
