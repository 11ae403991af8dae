// "Did you mean …?"

/** The candidate that is fewest changes away from what was written, if it is near enough to be meant. */
export function suggestion(written: string, candidates: readonly string[]): string | undefined {
  const lower = written.toLowerCase()
  const [best] = candidates
    .map((candidate) => ({ candidate, changes: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.changes - b.changes)
  return best && best.changes <= Math.max(2, Math.floor(written.length / 4)) ? best.candidate : undefined
}

/** How many letters must be added, removed or replaced (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
