import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    environment: 'node',
    include: ['src', 'projections', 'schema', 'test', 'examples'].map((folder) => `${folder}/**/*.test.ts`),
    // Each file gets a process of its own: servers, worker threads and locks end with it.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
