// Random tests print their seed when they fail; SEED=… in the environment makes them do the same again.

import type { Parameters } from 'fast-check'

/** Parameters for `fc.assert`, with the seed of the environment where there is one. */
export function seeded<T>(parameters: Parameters<T> = {}): Parameters<T> {
  const seed = process.env.SEED
  return seed === undefined ? parameters : { ...parameters, seed: Number(seed) }
}
