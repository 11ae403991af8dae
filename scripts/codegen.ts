// `npm run codegen`: types for the GraphQL documents of tests and examples.

import { generate } from '@graphql-codegen/cli'
import config from '../codegen.ts'
import { root, writeOrCompare } from './generatedFile.ts'

process.chdir(root)
// The second argument: not to write, because it would also write when only asked to compare.
const files: readonly { filename: string; content: string }[] = await generate({ ...config, silent: true }, false)
writeOrCompare(
  files.map(({ filename, content }) => ({ file: filename, content })),
  'npm run codegen',
)
