// Whoever asks, and what their operation has read so far.

import type { UserId } from '../domain/ids.ts'
import type { Consistency } from './consistency.ts'
import type { Loaders } from './loaders.ts'

export interface Asking {
  readonly viewer: UserId
  readonly consistency: Consistency
  readonly loaders: Loaders
}
