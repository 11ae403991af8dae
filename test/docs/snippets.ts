// The code blocks of the documentation, so that tests can run them.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @param path from the project's root */
export const page = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')

/** The blocks of one language, in the order of the page. */
export const blocks = (path: string, language: string): readonly string[] =>
  [...page(path).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)
