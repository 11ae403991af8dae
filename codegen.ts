import type { CodegenConfig } from '@graphql-codegen/cli'

/** Types for the GraphQL documents of tests and examples. They are in git: made by `npm run codegen`, compared by `npm run check`. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: ['test/**/*.ts', 'examples/**/*.ts', '!test/generated/**'],
  ignoreNoDocuments: true,
  importExtension: '.ts',
  generates: {
    'test/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: { ID: 'string', DateTime: 'string', FeedCursor: 'string', Position: 'string', JSON: 'unknown' },
      },
    },
  },
}

export default config
