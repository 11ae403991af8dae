// What an operation was told that its viewer may read, and whether it still holds for all that was read since.

import type { ConversationId } from '../domain/ids.ts'
import type { Access } from './access.ts'

type Answers = readonly (Access | undefined)[]

interface Grant {
  /** The least that was granted. */
  readonly visibleFrom: number
  /** How often content had been read when it was last asked for. */
  readonly at: number
}

export class Granted {
  readonly #grants = new Map<ConversationId, Grant>()
  #reads = 0
  #lost = false

  /** Content of conversations has been read. */
  read(): void {
    this.#reads++
  }

  /** Takes note of what is granted. */
  async asking(ids: readonly ConversationId[], ask: () => Promise<Answers>): Promise<Answers> {
    // Counted before it is asked: what is read meanwhile is not covered.
    const at = this.#reads
    const answers = await ask()
    for (const [index, id] of ids.entries()) this.#note(id, answers[index], at)
    return answers
  }

  /** Whether a grant has ended, or shows less: asked again only for those after which something was read. */
  async lost(ask: (ids: readonly ConversationId[]) => Promise<Answers>): Promise<boolean> {
    const open = [...this.#grants].filter(([, { at }]) => at < this.#reads).map(([id]) => id)
    if (open.length > 0 && !this.#lost) await this.asking(open, () => ask(open))
    return this.#lost
  }

  #note(id: ConversationId, answer: Access | undefined, at: number): void {
    const before = this.#grants.get(id)
    if (before && (!answer || answer.visibleFrom > before.visibleFrom)) this.#lost = true
    if (answer)
      this.#grants.set(id, { visibleFrom: Math.min(answer.visibleFrom, before?.visibleFrom ?? answer.visibleFrom), at })
  }
}
