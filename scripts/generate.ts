// `npm run generate`: the files that are made from the settings and the table of permissions.

import { permissionsReference } from '../src/permissionsText.ts'
import { envExample, settingsReference } from '../src/settingsText.ts'
import { writeOrCompare } from './generatedFile.ts'

writeOrCompare(
  [
    { file: '.env.example', content: envExample() },
    { file: 'docs/reference/settings.md', content: settingsReference() },
    { file: 'docs/reference/permissions.md', content: permissionsReference() },
  ],
  'npm run generate',
)
