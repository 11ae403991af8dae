// `npm run codegen`: types for the GraphQL documents of tests and examples.

import { generate } from '@graphql-codegen/cli'
import config from '../codegen.ts'
import { type GeneratedFile, root, writeOrCompare } from './generatedFile.ts'

process.chdir(root)
try {
  writeOrCompare(await generated(), 'npm run codegen')
} catch (error) {
  // What is wrong with which document stands in the message; where the tool stood then is of no use.
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

async function generated(): Promise<readonly GeneratedFile[]> {
  // The second argument keeps it from writing, which it would also do when it is only to be compared.
  const files: readonly { filename: string; content: string }[] = await generate({ ...config, silent: true }, false)
  // Without a single document the files would hold nothing but an unused import.
  if (!files.some(({ content }) => content.includes('Document = {'))) return []
  return files.map(({ filename, content }) => ({ file: filename, content }))
}
