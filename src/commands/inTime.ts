// Waiting no longer than a command may take.

/**
 * Waits for it, but not beyond the deadline (of `performance.now()`). What is waited for goes on; nobody hears of it.
 * @throws what `late` makes, once the time is over
 */
export async function inTime<T>(work: Promise<T>, deadline: number, late: () => Error): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), Math.max(1, deadline - performance.now()))
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
