// Keeps things in a browser's `localStorage`, or in anything that looks like it.

import type { Storage } from './storage.ts'

/** What is used of `localStorage`. */
interface WebStorageLike {
  readonly length: number
  key(index: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/**
 * @param web usually `localStorage`. Scripts of the same origin can read it, the session's token included
 * @param name keeps several clients of one page apart
 */
export function webStorage(web: WebStorageLike, name = 'parley'): Storage {
  const full = (key: string): string => `${name}/${key}`
  return {
    get: async (key) => web.getItem(full(key)) ?? undefined,
    // Stored before the promise is made: it is there even if the page closes now.
    set: async (key, value) => web.setItem(full(key), value),
    delete: async (key) => web.removeItem(full(key)),
    keys: async (prefix) =>
      Array.from({ length: web.length }, (_, index) => web.key(index) ?? '')
        .filter((key) => key.startsWith(full(prefix)))
        .map((key) => key.slice(name.length + 1))
        .sort(),
  }
}
