// `npm run generate`: the files that are made from the settings.

import { envExample, settingsReference } from '../src/settingsText.ts'
import { writeOrCompare } from './generatedFile.ts'

writeOrCompare(
  [
    { file: '.env.example', content: envExample() },
    { file: 'docs/reference/settings.md', content: settingsReference() },
  ],
  'npm run generate',
)
