// A map that keeps what was used last.

import { LRUCache } from 'lru-cache'

/**
 * At most so many entries. It grows with what is in it: given as `max`, the library would set all of the places aside at once,
 * which takes some milliseconds and hundreds of kilobytes for each map at every start.
 */
export const recentlyUsed = <K extends NonNullable<unknown>, V extends NonNullable<unknown>>(
  most: number,
): LRUCache<K, V> => new LRUCache<K, V>({ maxSize: most, sizeCalculation: () => 1 })
