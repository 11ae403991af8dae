// The settings in the forms that people read: .env.example and the reference page.

import { about, type SettingName, settingNames, variableOf } from './settings.ts'

/** What .env.example holds: every variable with its text and default, commented out. */
export function envExample(): string {
  const entries = settingNames.map((name) => {
    const { description, values, otherwise, ...setting } = about(name)
    const lines = wrap(plain(description), 100).map((line) => `# ${line}`)
    if (values !== undefined) lines.push(`# One of: ${values}`)
    if (otherwise !== undefined) lines.push(`# Default: ${plain(otherwise)}`)
    if (setting.secret) lines.push(`# Or a file that holds it: ${variableOf(name)}_FILE`)
    return [...lines, `#${variableOf(name)}=${setting.default ?? ''}`].join('\n')
  })
  return `${[
    '# The settings of Parley, with their defaults. Copy this file to .env and change what you need.\n# Made by `npm run generate`.',
    ...entries,
  ].join('\n\n')}\n`
}

/** What docs/reference/settings.md holds. */
export function settingsReference(): string {
  const rows = settingNames.map((name) => `| ${variable(name)} | \`${name}\` | ${fallback(name)} | ${meaning(name)} |`)
  return `<!-- Made by \`npm run generate\` from src/settings.ts. -->

# Settings

Defaults < \`parley.json\` in the data folder < environment < flags. \`parley start\` has the flags \`--host\`, \`--port\`, \`--data\` and \`--log-level\`. A file \`.env\` in the folder where Parley is started counts as environment; what is really set there wins.

A key of \`parley.json\` that is no setting is an error; a variable that begins with \`PARLEY_\` and is none is a warning. An empty variable counts as not set, but for \`PARLEY_ROOMS\`.

| variable | key in \`parley.json\` | default | |
| --- | --- | --- | --- |
${rows.join('\n')}

\`PARLEY_URL\`, \`PARLEY_TOKEN\`, \`PARLEY_ROOM\` and \`PARLEY_CURSORS\` are read by the examples; the server leaves them alone.
`
}

const variable = (name: SettingName): string =>
  `\`${variableOf(name)}\`${about(name).secret ? `, \`${variableOf(name)}_FILE\`` : ''}`

function fallback(name: SettingName): string {
  const { otherwise, default: text } = about(name)
  return otherwise ?? (text === undefined ? 'none' : `\`${text}\``)
}

function meaning(name: SettingName): string {
  const { description, values } = about(name)
  const choice = values?.split(', ').map((value) => `\`${value}\``)
  return choice ? `${description} One of ${choice.join(', ')}.` : description
}

const plain = (markdown: string): string => markdown.replaceAll('`', '')

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
