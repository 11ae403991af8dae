import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node itself resolves it: two copies of graphql (its .mjs beside its .js) do not know each other's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] },
  test: {
    environment: 'node',
    include: ['src', 'projections', 'schema', 'clients', 'test', 'examples'].map((folder) => `${folder}/**/*.test.ts`),
    // The second one ends the output with what ran on which engine.
    reporters: ['default', './test/reporting/engineTable.ts'],
    // Each file gets a process of its own: servers, worker threads and locks end with it.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
