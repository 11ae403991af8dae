// `npm run codegen`: types for the GraphQL documents of tests, examples and clients.

import { dirname } from 'node:path'
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
  // Without a single document the files of a folder would hold nothing but an unused import.
  const used = new Set(files.filter(({ content }) => /Document = (\{|new )/.test(content)).map(folderOf))
  return files
    .filter((file) => used.has(folderOf(file)))
    .map(({ filename, content }) => ({ file: filename, content: withoutPackage(content) }))
}

function folderOf({ filename }: { readonly filename: string }): string {
  return dirname(filename)
}

/** Documents as strings need one type of that package: a client that is installed does not depend on it for that. */
function withoutPackage(content: string): string {
  return content.replace(
    "import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';",
    'interface DocumentTypeDecoration<TResult, TVariables> { __apiType?: (variables: TVariables) => TResult }',
  )
}
