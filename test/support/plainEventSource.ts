// What a browser's EventSource does, and no more: it asks one address again and again, and says which id it has seen last.

export interface StreamEvent {
  readonly id: string | undefined
  readonly type: string
  readonly data: string
}

interface Ask {
  readonly url: string | URL
  readonly token?: string | undefined
  readonly lastEventId?: string | undefined
  readonly signal?: AbortSignal
}

/** The events of one answer, until it ends or breaks. @throws where the answer is no stream */
export async function* streamEvents({ url, token, lastEventId, signal }: Ask): AsyncGenerator<StreamEvent> {
  const response = await fetch(url, {
    headers: {
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: signal ?? null,
  })
  if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map<string, string>(
        block.split('\n').map((line) => {
          const [name = '', value = ''] = line.split(/: ?(.*)/s)
          return [name, value]
        }),
      )
      // A comment keeps the connection open and is no event.
      if (fields.has('event'))
        yield { id: fields.get('id'), type: fields.get('event') ?? '', data: fields.get('data') ?? '' }
    }
  }
}

/** Follows over as many connections as it takes. */
export class PlainEventSource implements AsyncDisposable {
  readonly events: StreamEvent[] = []
  connections = 0
  lastEventId: string | undefined
  readonly #url: URL
  readonly #token: string | undefined
  readonly #running: Promise<void>
  #connection = new AbortController()
  #closed = false

  constructor(url: URL, token: string | undefined) {
    this.#url = url
    this.#token = token
    this.#running = this.#run()
  }

  /** Breaks the present connection. */
  drop(): void {
    this.#connection.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.drop()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      this.#connection = new AbortController()
      this.connections++
      const { signal } = this.#connection
      try {
        for await (const event of streamEvents({
          url: this.#url,
          token: this.#token,
          lastEventId: this.lastEventId,
          signal,
        })) {
          this.lastEventId = event.id ?? this.lastEventId
          this.events.push(event)
        }
      } catch (error) {
        // Only what was broken off on purpose is come back from.
        if (!signal.aborted) throw error
      }
    }
  }
}
