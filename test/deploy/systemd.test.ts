import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { exit } from '../../src/cli/exit.ts'
import { installed, ownFolder, root, text } from './deployFiles.ts'

const unit = text('deploy/systemd/parley.service')
const absent = !installed('systemd-analyze', '--version')
const why = 'systemd-analyze is not installed here'

/** The unit as it would stand on a machine where the code lies in this folder. @returns its path */
function placed(content: string): string {
  const file = path.join(ownFolder(), 'parley.service')
  writeFileSync(file, content.replaceAll('/opt/parley', root))
  return file
}

const analyze = (...args: readonly string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' })

test('systemd finds nothing wrong with the unit, with its commented lines and without', ({ skip }) => {
  skip(absent, why)
  for (const content of [unit, unit.replace(/^#(?=\w+=)/gm, '')]) {
    const { status, stderr } = analyze('verify', placed(content))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  }
})

test('systemd rates what the unit leaves open as little', ({ skip }) => {
  skip(absent, why)
  const help = analyze('--help').stdout
  skip(!help.includes('--offline'), 'this systemd-analyze rates running services only')
  // In tenths: 1.3 of 10 when this was written.
  const { status, stdout } = analyze('security', '--offline=yes', '--threshold=15', '--no-pager', placed(unit))
  expect(status, stdout).toBe(0)
})

test('a server with wrong settings is not started again and again', () => {
  expect(unit).toContain(`\nRestartPreventExitStatus=${exit.wrongUse}\n`)
})

test('the account that the unit runs as is made, with the data folder as its home', () => {
  const [, user] = /^User=(\w+)$/m.exec(unit) ?? []
  const [, data] = /^Environment=PARLEY_DATA=(.*)$/m.exec(unit) ?? []
  expect(text('deploy/systemd/parley.sysusers.conf')).toMatch(new RegExp(`^u ${user} - "[^"]+" ${data}$`, 'm'))
})
