// The list of allowed documents, as verbs look at it: with the schema that the server would use.

/** Sentences for everything that is wrong with it; none where the server would start with it. */
export async function problemsOfAllowlist(file: string): Promise<readonly string[]> {
  const [{ loadAllowlist }, { schema }, { ConfigError }] = await Promise.all([
    import('../http/allowlistFile.ts'),
    import('../../schema/schema.ts'),
    import('../config.ts'),
  ])
  try {
    loadAllowlist(file, schema)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
