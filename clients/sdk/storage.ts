// Where a client keeps what has to survive it: cursors, messages that wait to be sent, the session.

/**
 * Texts by key. Keys are made of ASCII letters, digits, `_`, `-` and `/`. What has been set is there when `set` has resolved,
 * whatever becomes of the page or the process then.
 */
export interface Storage {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
  /** Nothing happens where there is no such key. */
  delete(key: string): Promise<void>
  /** The keys that begin so, sorted. */
  keys(prefix: string): Promise<readonly string[]>
}

/** The same storage, under a prefix of its own. */
export const storageUnder = (storage: Storage, prefix: string): Storage => ({
  get: (key) => storage.get(`${prefix}${key}`),
  set: (key, value) => storage.set(`${prefix}${key}`, value),
  delete: (key) => storage.delete(`${prefix}${key}`),
  keys: async (start) => (await storage.keys(`${prefix}${start}`)).map((key) => key.slice(prefix.length)),
})

/** What was stored as JSON; undefined where nothing was, or where it cannot be read any more. */
export async function storedJson(storage: Storage, key: string): Promise<unknown> {
  const text = await storage.get(key)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    // Of another version, or torn: as good as absent.
    return undefined
  }
}
