// GraphiQL for browsers that open /graphql. It needs no other server: everything is in one page.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Worker } from 'node:worker_threads'
import { createGunzip } from 'node:zlib'
import type { GraphiqlPage } from './graphiqlPage.worker.ts'
import { graphiqlTabs } from './graphiqlTabs.ts'
import { sendProblem } from './problem.ts'
import type { RequestLogger } from './requestLogger.ts'

/** A browser that opens the address; programs do not ask for HTML. */
export const wantsPage = (request: IncomingMessage): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && (request.headers.accept?.includes('text/html') ?? false)

/** Everything the page uses is in it: scripts and styles inline, workers as blobs, pictures and fonts as data. */
const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export class Graphiql {
  readonly #logger: RequestLogger
  #page: Promise<GraphiqlPage> | undefined

  constructor({ logger }: { readonly logger: RequestLogger }) {
    this.#logger = logger
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Made when first asked for: most servers are never opened in a browser.
    this.#page ??= makePage()
    let page: GraphiqlPage
    try {
      page = await this.#page
    } catch (error) {
      this.#page = undefined
      this.#logger.error(
        { error: error instanceof Error ? error.message : 'unknown' },
        'The GraphiQL page could not be made.',
      )
      return sendProblem(response, 500, 'INTERNAL', 'The page could not be made. The API works without it.')
    }
    const accepts = request.headers['accept-encoding'] ?? ''
    const encoding = /\bbr\b/.test(accepts) ? 'br' : /\bgzip\b/.test(accepts) ? 'gzip' : 'identity'
    const etag = `"${page.etag}-${encoding}"`
    response.setHeader('etag', etag)
    response.setHeader('cache-control', 'no-cache')
    response.setHeader('vary', 'accept, accept-encoding')
    response.setHeader('content-security-policy', policy)
    if (request.headers['if-none-match']?.includes(etag)) return void response.writeHead(304).end()
    response.setHeader('content-type', 'text/html; charset=utf-8')
    if (encoding === 'identity') {
      const unpacked = createGunzip()
      unpacked.pipe(response)
      unpacked.end(page.gzip)
      return
    }
    const body = page[encoding]
    response.writeHead(200, { 'content-encoding': encoding, 'content-length': body.byteLength })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

async function makePage(): Promise<GraphiqlPage> {
  const options = {
    title: 'Parley',
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS',
    defaultTabs: graphiqlTabs,
    shouldPersistHeaders: false,
  }
  const worker = new Worker(new URL('./graphiqlPage.worker.ts', import.meta.url), { workerData: options })
  return new Promise<GraphiqlPage>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`The thread that makes the page ended with ${code}.`)))
  })
}
