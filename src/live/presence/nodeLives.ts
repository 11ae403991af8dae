// Which nodes live. A life is one run of a node: what a node that was started again left behind belongs to an earlier one.

import { newUuid } from '../../commands/occasion.ts'

export interface NodeLives {
  /** Of this node. It may become another one, after others have held this node for dead. */
  readonly own: string
  /** A life that has ended never begins again. */
  nodeIsAlive(life: string): boolean | Promise<boolean>
  /** Told now and then, when it is known anew who lives. What it promises is waited for before it is told again. */
  onLook(listener: () => Promise<void>): void
  /** Told when this node goes on under another life, because the one before has been ended by others. */
  onNewLife(listener: (life: string) => void): void
  /** This life is over. */
  close(): Promise<void>
}

/** Only one server holds a data folder at a time, so that every other life is over. */
export function onlyNode(): NodeLives {
  const own = newUuid()
  return {
    own,
    nodeIsAlive: (life) => life === own,
    // Nobody else comes or goes.
    onLook: () => {},
    onNewLife: () => {},
    close: async () => {},
  }
}
