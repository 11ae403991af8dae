// How long after its acknowledgement a message is in the read models, as a client can see it: queries that wait for nothing
// are asked until one shows the message.

import { Agent, request } from 'node:http'

const query = 'query ($id: ID!) { node(id: $id) { __typename } }'
/** Between an answer and the next question, in ms. */
const between = 2
const patienceMs = 5_000

export class Visibility {
  /** From the acknowledgement to the answer of the first query that showed the message, in ms. */
  readonly visible: number[] = []
  /** The same from the moment that the message was to be sent. */
  readonly sinceDue: number[] = []
  /** What each query took, in ms. */
  readonly query: number[] = []
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  /** One connection: messages are asked for one after the other, and one that comes meanwhile is left out. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #asking: Promise<void> | undefined

  constructor(graphql: string, token: string) {
    this.#url = graphql
    this.#headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  }

  /** Call on the acknowledgement of a message that was to be sent at `due`, on the clock of `performance`. */
  ask(messageId: string, due: number): void {
    if (this.#asking) return
    this.#asking = this.#untilVisible(messageId, { due, acknowledged: performance.now() }).finally(() => {
      this.#asking = undefined
    })
  }

  /** @throws when a message could not be seen in 5 s */
  async done(): Promise<void> {
    await this.#asking
    this.#agent.destroy()
  }

  async #untilVisible(
    messageId: string,
    { due, acknowledged }: { readonly due: number; readonly acknowledged: number },
  ): Promise<void> {
    const body = JSON.stringify({ query, variables: { id: messageId } })
    for (;;) {
      const from = performance.now()
      const answer = await this.#post(body)
      const now = performance.now()
      this.query.push(now - from)
      if (answer.includes('"__typename":"Message"')) {
        this.visible.push(now - acknowledged)
        this.sinceDue.push(now - due)
        return
      }
      if (now - acknowledged > patienceMs) throw new Error(`A message could not be seen in 5 s: ${answer}`)
      await new Promise((resolve) => setTimeout(resolve, between))
    }
  }

  #post(body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request(this.#url, { method: 'POST', headers: this.#headers, agent: this.#agent }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve(text))
        response.on('error', reject)
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }
}
