import type { CodegenConfig } from '@graphql-codegen/cli'

const scalars = { ID: 'string', DateTime: 'string', FeedCursor: 'string', Position: 'string', JSON: 'unknown' }

/**
 * Types for the GraphQL documents of tests, examples and clients. They are in git: made by `npm run codegen`, compared by
 * `npm run check`.
 */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  ignoreNoDocuments: true,
  importExtension: '.ts',
  generates: {
    'test/generated/': {
      // Examples with a package of their own write their documents as their users would, by the names that these like.
      documents: ['test/**/*.ts', 'examples/irc-replay/**/*.ts', '!test/generated/**'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars,
      },
    },
    // As strings, so that a client needs no GraphQL of its own.
    'clients/sdk/generated/documents.ts': {
      documents: 'clients/sdk/documents.graphql',
      plugins: ['typescript-operations', 'typed-document-node'],
      config: {
        documentMode: 'string',
        inlineFragmentTypes: 'combine',
        immutableTypes: true,
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars,
      },
    },
  },
}

export default config
