// Whether the server lives, and whether it is ready; and its metrics.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLocal } from './clientAddress.ts'
import type { Metrics } from './metrics.ts'
import { allowMethods, sendJson, sendProblem } from './problem.ts'

/** Something that the server needs. */
export interface Dependency {
  readonly name: string
  readonly ready: boolean
  /** Without it most of what people do goes on: the server is ready, but degraded. */
  readonly spared?: true
  /** What it does, or what is wrong and what to do. */
  readonly detail: string
}

export interface HealthOptions {
  readonly dependencies: () => readonly Dependency[]
  readonly metrics?: Metrics | undefined
  /** Who may read the metrics and the details: programs on this machine, everyone, or nobody. */
  readonly access: 'local' | 'public' | 'off'
}

export class Health {
  readonly #options: HealthOptions
  #stopping = false

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** From now on the server is not ready, so that no new clients are sent to it. */
  stopping(): void {
    this.#stopping = true
  }

  get ready(): boolean {
    return !this.#stopping && this.#options.dependencies().every(({ ready, spared }) => ready || spared)
  }

  /** Answers the paths of this file; false for any other. */
  async serve(path: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path !== '/livez' && path !== '/readyz' && path !== '/metrics') return false
    if (!allowMethods(request, response, ['GET', 'HEAD'])) return true
    // That an answer comes at all shows that it lives.
    if (path === '/livez') sendJson(response, 200, { status: 'alive' })
    else if (path === '/readyz') this.#readiness(url.searchParams.has('verbose') && this.#mayRead(request), response)
    else await this.#metrics(request, response)
    return true
  }

  #readiness(verbose: boolean, response: ServerResponse): void {
    const dependencies = this.#options.dependencies()
    const ready = this.ready
    const whole = dependencies.every((dependency) => dependency.ready)
    const status = this.#stopping ? 'stopping' : !ready ? 'not ready' : whole ? 'ready' : 'degraded'
    sendJson(response, ready ? 200 : 503, { status, ...(verbose ? { dependencies } : {}) })
  }

  async #metrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { metrics, access } = this.#options
    if (!metrics || access === 'off') return sendProblem(response, 404, 'NOT_FOUND', 'There are no metrics here.')
    if (!this.#mayRead(request))
      return sendProblem(
        response,
        403,
        'FORBIDDEN',
        'Metrics are for programs on this machine. PARLEY_METRICS=public shows them to all.',
      )
    const { text, contentType } = await metrics.text()
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
  }

  #mayRead(request: IncomingMessage): boolean {
    const { access } = this.#options
    return access === 'public' || (access === 'local' && isLocal(request))
  }
}
