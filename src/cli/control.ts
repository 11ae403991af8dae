// Commands for a running server, over a socket in its data folder. One call is one connection: the caller sends
// {"method","params"}; the server answers {"progress"} any number of times, then {"result"} or {"error"}.

import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { controlPath } from './controlPath.ts'
import { BadLine, readJsonLines, writeJsonLine } from './jsonLines.ts'

/**
 * Carries out one method. `params` is what the caller sent, unchecked. `emit` sends progress; what it returns may be
 * awaited, so as not to run ahead of a slow reader. `signal` is aborted when the caller goes away or the server stops.
 * What is thrown reaches the caller as its name and message.
 */
export type ControlHandler = (
  params: unknown,
  emit: (progress: object) => Promise<void>,
  signal: AbortSignal,
) => Promise<unknown>

export type ControlHandlers = Readonly<Record<string, ControlHandler>>

/** The server carried out the method and says why it could not. `kind` is the name of the error there. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly kind: string
  constructor(kind: string, message: string) {
    super(message)
    this.kind = kind
  }
}

/** The server's end. */
export class ControlServer {
  readonly #server: Server
  readonly #calls = new Map<Socket, AbortController>()

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * Listens in the data folder; only the same user can connect. The handlers are loaded at the first call. A socket file that nobody answers on is removed.
   *
   * @throws {Error} another server listens there, or the folder cannot be written
   */
  static async listen(folder: string, load: () => Promise<ControlHandlers>): Promise<ControlServer> {
    const path = controlPath(folder)
    const server = createServer()
    const control = new ControlServer(server)
    let loaded: Promise<ControlHandlers> | undefined
    const handlers = () => {
      loaded ??= load()
      return loaded
    }
    server.on('connection', (socket) => void control.#serve(socket, handlers))
    try {
      await listenOn(server, path)
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || !(await removeIfStale(path))) throw error
      await listenOn(server, path)
    }
    return control
  }

  /** Takes no more calls, ends those under way by their signal, and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const call of this.#calls.values()) call.abort()
    // A caller that does not read cannot hold the server up.
    const force = setTimeout(() => {
      for (const socket of this.#calls.keys()) socket.destroy()
    }, 1_000)
    await closed
    clearTimeout(force)
  }

  async #serve(socket: Socket, load: () => Promise<ControlHandlers>): Promise<void> {
    const call = new AbortController()
    this.#calls.set(socket, call)
    socket.on('close', () => {
      this.#calls.delete(socket)
      call.abort()
    })
    // A broken connection is a caller that went away: `close` follows, and says so to the handler.
    socket.on('error', () => call.abort())
    try {
      const lines = readJsonLines(socket)
      const first = await lines.next()
      if (first.done) return
      const { method, params } = requestOf(first.value)
      const handlers = await load()
      const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined
      if (handler === undefined) throw new BadLine(`The server does not know ${method}. It may be of another version.`)
      // Nothing more is expected; reading on is what shows that the caller has gone.
      void lines.next().then(
        () => call.abort(),
        () => socket.destroy(),
      )
      const result = await handler(params, (progress) => writeJsonLine(socket, { progress }), call.signal)
      await writeJsonLine(socket, { result: result ?? null })
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
      await writeJsonLine(socket, { error: { kind: name, message } })
    } finally {
      socket.end()
    }
  }
}

export interface CallOptions {
  readonly onProgress?: (progress: unknown) => void | Promise<void>
  /** Ends the call, here and on the server. */
  readonly signal?: AbortSignal
}

/**
 * Calls a method of the server that runs on this data folder.
 *
 * @returns the result, or `not running` when no server listens there
 * @throws {ControlError} the server could not do it, or ended in the middle
 */
export async function callControl(
  folder: string,
  method: string,
  params: unknown,
  { onProgress, signal }: CallOptions = {},
): Promise<{ readonly result: unknown } | 'not running'> {
  signal?.throwIfAborted()
  const socket = await connectTo(folder)
  if (socket === undefined) return 'not running'
  const abort = () => socket.destroy()
  signal?.addEventListener('abort', abort, { once: true })
  // The loop below ends with the error; without a listener it would end the process.
  socket.on('error', () => {})
  try {
    await writeJsonLine(socket, { method, params })
    for await (const line of readJsonLines(socket)) {
      const answer = answerOf(line)
      if ('error' in answer) throw new ControlError(answer.error.kind, answer.error.message)
      if ('result' in answer) return { result: answer.result }
      await onProgress?.(answer.progress)
    }
  } catch (error) {
    if (!signal?.aborted && error instanceof Error && 'syscall' in error) throw endedEarly()
    throw signal?.aborted ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', abort)
    socket.destroy()
  }
  signal?.throwIfAborted()
  throw endedEarly()
}

const endedEarly = () => new ControlError('Ended', 'The server stopped before it answered. Try again.')

/** Undefined when nobody listens. */
async function connectTo(folder: string): Promise<Socket | undefined> {
  let path: string
  try {
    path = controlPath(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return await connected(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED') return undefined
    throw error
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
    // The socket is bound when `listen` returns, so that nobody else can connect before its mode is set.
    if (process.platform !== 'win32') {
      try {
        chmodSync(path, 0o600)
      } catch (error) {
        // Where binding failed there may be no file; that error is reported by the server itself.
        if (server.listening) reject(error)
      }
    }
  })
}

/** True when the socket file was left by a process that is gone, and has been removed. */
async function removeIfStale(path: string): Promise<boolean> {
  if (process.platform === 'win32') return false
  try {
    const socket = await connected(path)
    socket.destroy()
    return false
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    if (codeOf(error) !== 'ECONNREFUSED' || !lstatSync(path).isSocket()) return false
    unlinkSync(path)
    return true
  }
}

type Answer =
  | { readonly progress: unknown }
  | { readonly result: unknown }
  | { readonly error: { readonly kind: string; readonly message: string } }

function answerOf(line: unknown): Answer {
  if (typeof line !== 'object' || line === null)
    throw new BadLine('The server answers with something else than an object.')
  if ('progress' in line) return { progress: line.progress }
  if ('result' in line) return { result: line.result }
  const error: unknown = 'error' in line ? line.error : undefined
  if (typeof error === 'object' && error !== null && 'kind' in error && 'message' in error)
    return { error: { kind: String(error.kind), message: String(error.message) } }
  throw new BadLine('The server answers with neither progress, result nor error.')
}

function requestOf(line: unknown): { readonly method: string; readonly params: unknown } {
  if (typeof line === 'object' && line !== null && 'method' in line && typeof line.method === 'string')
    return { method: line.method, params: 'params' in line ? line.params : undefined }
  throw new BadLine('A call needs a method.')
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
