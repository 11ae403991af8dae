// Which nodes live. A life is one run of a node: what a node that was started again left behind belongs to an earlier one.

import { newUuid } from '../../commands/occasion.ts'

export interface NodeLives {
  /** Of this node. */
  readonly own: string
  nodeIsAlive(life: string): boolean | Promise<boolean>
}

/** Only one server holds a data folder at a time, so that every other life is over. */
export function onlyNode(): NodeLives {
  const own = newUuid()
  return { own, nodeIsAlive: (life) => life === own }
}
