// What a read model is: documents, each the fold of events of one stream.

import type { Index } from '../src/documents/port.ts'
import type { EventOf, EventType, Recorded } from '../src/domain/events.ts'

/** What `evolve` returns when the document is no more. */
export const removed: unique symbol = Symbol('removed')
export type Removed = typeof removed

type Which<T extends EventType> = (event: Recorded<EventOf<T>>) => string | readonly string[] | undefined
/** Written as a method so that projections of different documents can stand in one list. */
type Evolve<D, T extends EventType> = {
  fold(document: D | undefined, event: Recorded<EventOf<T>>, id: string): D | Removed | undefined
}['fold']

export interface Projection<D extends object = object> {
  /** Also the name of its collection, before the version and the build. */
  readonly name: string
  /** Raised whenever the documents come out differently: the new version is filled beside the old one. */
  readonly version: number
  /** Written before the others: what says who may see what. */
  readonly access: boolean
  readonly indexes: readonly Index[]
  /** Which documents an event is folded into; undefined or an empty list for none. The events of one document are all of one stream. */
  readonly documentOf: { readonly [T in EventType]?: Which<T> }
  /** Types whose events are the first of their documents, whose ids are made of the event's own: there is nothing to look for. */
  readonly begins: readonly EventType[]
  /**
   * The fold: pure, total over what `documentOf` lets through. Returns the next document, `removed`, or undefined to leave it
   * as it is or absent. An event whose body was forgotten has none.
   */
  readonly evolve: { readonly [T in EventType]?: Evolve<D, T> }
  /** Only names the type of its documents. */
  readonly _document?: D
}

interface Definition<D extends object> extends Omit<Projection<D>, 'access' | 'begins' | '_document'> {
  readonly access?: boolean
  readonly begins?: readonly EventType[]
}

/** Defines a read model. Its types are checked here, so that `evolve` and `documentOf` cover the same events. */
export function projection<D extends object>(definition: Definition<D>): Projection<D> {
  for (const type of Object.keys(definition.documentOf))
    if (!(type in definition.evolve))
      throw new Error(`The projection ${definition.name} takes ${type}, but does not fold it.`)
  return { access: false, begins: [], ...definition }
}
