// `npm run schema`: the snapshot of the GraphQL schema, so that every change of the API is seen in a diff.

import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from '../schema/schema.ts'
import { writeOrCompare } from './generatedFile.ts'

writeOrCompare(
  [{ file: 'schema/schema.graphql', content: `${printSchema(lexicographicSortSchema(schema))}\n` }],
  'npm run schema',
)
