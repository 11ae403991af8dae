// Which builds the nodes read and make: each tells it in a record of its life. So nothing is dropped that a live node needs, and of
// nodes that bring different versions each knows whether it is its turn to fold.

import { type Documents, RecordConflict } from '../documents/port.ts'

export interface Told {
  /** Collections that are read. */
  readonly reads: readonly string[]
  /** Builds that are being made beside those in use: the beginnings of their collections' names, without the number. */
  readonly makes: readonly string[]
  /** Keys of the pointers to the builds of this node's versions, whether they are made yet or not. */
  readonly brings: readonly string[]
}

interface ReadingsOptions extends Pick<Told, 'brings'> {
  readonly documents: Documents
  /** The present life of this node. */
  readonly life: () => string
  readonly isAlive: (life: string) => boolean | Promise<boolean>
}

const prefix = 'builds/'

export class Readings {
  readonly #options: ReadingsOptions
  #told: Told
  #written: { readonly key: string; readonly text: string } | undefined
  /** One change after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: ReadingsOptions) {
    this.#options = options
    this.#told = { reads: [], makes: [], brings: options.brings }
  }

  /** What this node makes. */
  get makes(): readonly string[] {
    return this.#told.makes
  }

  /** Writes down what has changed; nothing where nothing has. When it returns, the others can know. */
  tell(change: Partial<Pick<Told, 'reads' | 'makes'>>): Promise<void> {
    const told = this.#last.then(async () => {
      this.#told = { ...this.#told, ...change }
      const key = prefix + this.#options.life()
      const text = JSON.stringify(this.#told)
      if (this.#written?.key === key && this.#written.text === text) return
      await this.#write(key, { ...this.#told })
      this.#written = { key, text }
    })
    this.#last = told.catch(() => {})
    return told
  }

  /** What the other nodes that live have told, all together. What dead ones have left is removed. */
  async ofOthers(): Promise<Told> {
    const { documents, life, isAlive } = this.#options
    const reads = new Set<string>()
    const makes = new Set<string>()
    const brings = new Set<string>()
    for (const [key, { version, value }] of await documents.records(prefix)) {
      const other = key.slice(prefix.length)
      if (other === life()) continue
      if (!(await isAlive(other))) {
        await this.#change(key, version, undefined)
        continue
      }
      // `tell` wrote it.
      const told = value as unknown as Told
      for (const collection of told.reads) reads.add(collection)
      for (const made of told.makes) makes.add(made)
      for (const brought of told.brings) brings.add(brought)
    }
    return { reads: [...reads], makes: [...makes], brings: [...brings] }
  }

  /** Nothing is read or made here any more. */
  async end(): Promise<void> {
    await this.#last
    const key = this.#written?.key
    const record = key === undefined ? undefined : await this.#options.documents.record(key)
    if (key !== undefined && record !== undefined) await this.#change(key, record.version, undefined)
  }

  async #write(key: string, value: Record<string, unknown>): Promise<void> {
    // Nobody else writes it, but an earlier change may have happened though its answer was lost.
    for (;;) {
      const version = (await this.#options.documents.record(key))?.version ?? 0
      if (await this.#change(key, version, value)) return
    }
  }

  /** @returns false where it has another version by now */
  async #change(key: string, expectedVersion: number, value: Record<string, unknown> | undefined): Promise<boolean> {
    try {
      await this.#options.documents.write([], [{ key, expectedVersion, value }])
      return true
    } catch (error) {
      if (error instanceof RecordConflict) return false
      throw error
    }
  }
}
