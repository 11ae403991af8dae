// The documents that may be executed, where the settings list them.

import { type DocumentNode, print } from 'graphql'

export class AllowedDocuments {
  readonly #sources: ReadonlyMap<string, string>
  readonly #canonical: ReadonlySet<string>

  /** @param documents each with the id that clients may send instead of it, and as it is parsed */
  constructor(documents: readonly { readonly id: string; readonly source: string; readonly document: DocumentNode }[]) {
    this.#sources = new Map(documents.map(({ id, source }) => [id, source]))
    this.#canonical = new Set(documents.map(({ document }) => canonical(document)))
  }

  /** Whether it is one of them, whatever its white space, its comments and the order of its definitions. */
  has(document: DocumentNode): boolean {
    return this.#canonical.has(canonical(document))
  }

  /** @param id a hash of the list; `sha256:` may stand before it */
  sourceOf(id: string): string | undefined {
    return this.#sources.get(id) ?? this.#sources.get(id.replace(/^sha256:/, ''))
  }
}

const canonical = (document: DocumentNode): string => document.definitions.map(print).sort().join('\n\n')
