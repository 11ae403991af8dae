// Every setting of the server: its values, its default, and what it does. One zod schema, from which the reference
// page and .env.example are made.

import { z } from 'zod'
import { checkRoomName } from './domain/names.ts'

/** What people are told about a setting. */
export interface About {
  readonly description: string
  /** As it would be written in the environment; absent where there is none. */
  readonly default?: string
  /** What the default is, in words, where there is no text for it. */
  readonly otherwise?: string
  readonly values?: string
  /** It can hold a password: it is never shown, and can also be given as a file, in `…_FILE`. */
  readonly secret?: true
  /** An empty value means something, so it is not the same as none. */
  readonly mayBeEmpty?: true
}

const withDefault = <S extends z.ZodType>(schema: S, about: About & { readonly default: string }) =>
  z.preprocess((value) => value ?? about.default, schema).meta({ ...about })

const optional = <S extends z.ZodType>(schema: S, about: About) => schema.optional().meta({ ...about })

/** A whole number, from a number or from digits. */
const whole = (min: number, max: number, unit = '') =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value),
    z
      .number({ error: `must be a whole number from ${min} to ${max}${unit}` })
      .int({ error: `must be a whole number from ${min} to ${max}${unit}` })
      .min(min, { error: `must be at least ${min}${unit}` })
      .max(max, { error: `must be at most ${max}${unit}` }),
  )

const onOff = z.preprocess(
  (value) => (value === 'on' || value === 'true' ? true : value === 'off' || value === 'false' ? false : value),
  z.boolean({ error: 'must be on or off' }),
)

const oneOf = <const V extends readonly string[]>(values: V) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` })

const text = z.string({ error: 'must be a text' })

/** Texts in a list, or in one text with commas between them. */
const list = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      : value,
  z.array(text, { error: 'must be a list, with commas between its items' }).readonly(),
)

/** A built-in engine, or the address of a server. Never shows what was given: it may hold a password. */
const engine = (builtIn: string, { schemes, like }: { readonly schemes: readonly string[]; readonly like: string }) =>
  text.transform((value, context): string => {
    const given = value.trim()
    if (given === builtIn) return builtIn
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1]?.toLowerCase()
    if (scheme !== undefined && schemes.includes(scheme) && !/\s/.test(given)) {
      if (given.length > scheme.length + '://'.length) return given
      context.addIssue({ code: 'custom', message: `has no host after ${scheme}://: write an address like ${like}` })
      return z.NEVER
    }
    context.addIssue({
      code: 'custom',
      message:
        scheme !== undefined && !schemes.includes(scheme)
          ? `begins with ${scheme}://, which is not known here: write ${builtIn}, or an address like ${like}`
          : `must be ${builtIn}, or an address like ${like}`,
    })
    return z.NEVER
  })

/** Without TLS the client leaves the credentials out without a word, and the server takes everybody for a stranger. */
const eventstore = engine('sqlite', {
  schemes: ['esdb', 'esdb+discover'],
  like: 'esdb://host:2113',
}).refine((value) => !(/\/\/[^/?]*@/.test(value) && /[?&]tls=false\b/i.test(value)), {
  error:
    'has a name and password, and tls=false: they would be sent to nobody. Take tls=false away, or the name and password',
})

const webAddress = text.transform((value, context): string => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return url.href.replace(/\/$/, '')
  context.addIssue({ code: 'custom', message: 'must be a web address like https://chat.example.org' })
  return z.NEVER
})

const origins = list.transform((values, context): readonly string[] => {
  if (values.includes('*') && values.length > 1)
    context.addIssue({ code: 'custom', message: 'has * and single origins: write either * or the list' })
  for (const value of values) {
    const origin = URL.canParse(value) ? new URL(value).origin : undefined
    if (value !== '*' && (origin === undefined || origin === 'null' || origin !== value.toLowerCase()))
      context.addIssue({
        code: 'custom',
        message: `has ${JSON.stringify(value)}, which is no origin: write scheme, host and port only, like https://chat.example.org`,
      })
  }
  return values
})

const rooms = list.transform((values, context): readonly string[] => {
  for (const value of values) {
    const name = checkRoomName(value)
    if (!name.ok) context.addIssue({ code: 'custom', message: `has ${JSON.stringify(value)}. ${name.detail}` })
  }
  if (new Set(values.map((value) => value.toLowerCase())).size < values.length)
    context.addIssue({ code: 'custom', message: 'names a room twice' })
  return values
})

const streamPrefix = text.regex(/^[a-zA-Z0-9_.]{0,64}$/, {
  error: 'may have letters, digits, dots and underscores, up to 64',
})

const registration = text.transform((value, context): 'open' | 'closed' => {
  if (value === 'open' || value === 'closed') return value
  context.addIssue({
    code: 'custom',
    message:
      value === 'invite'
        ? 'cannot be invite until there are invitation links; use open or closed'
        : 'must be open or closed',
  })
  return z.NEVER
})

/** The settings, in the order in which they are documented. Keys are the variables in camelCase without `PARLEY_`. */
export const settings = z.strictObject({
  host: withDefault(text.min(1), {
    default: '127.0.0.1',
    description: 'The address to listen on. `0.0.0.0` or `::` for all of the machine.',
  }),
  port: withDefault(whole(0, 65_535), { default: '4000', description: 'The port to listen on. 0 takes a free one.' }),
  data: withDefault(text.min(1), {
    default: './data',
    description: 'The folder that holds everything: log, read models, files. Relative to where Parley is started.',
  }),
  eventstore: withDefault(eventstore, {
    default: 'sqlite',
    secret: true,
    description:
      'Where the log is kept: `sqlite`, in the data folder, or the address of an EventStoreDB, like `esdb://host:2113`.',
  }),
  documents: withDefault(
    engine('sqlite', { schemes: ['mongodb', 'mongodb+srv'], like: 'mongodb://host:27017/?replicaSet=rs0' }),
    {
      default: 'sqlite',
      secret: true,
      description:
        'Where the read models are kept: `sqlite`, in the data folder, or the address of a MongoDB replica set, like `mongodb://host:27017/?replicaSet=rs0`. Chosen by itself; several nodes need both servers.',
    },
  ),
  streamPrefix: withDefault(streamPrefix, {
    default: 'parley.',
    description: 'What stream names begin with on an event store that is shared with others.',
  }),
  bus: withDefault(engine('local', { schemes: ['redis', 'rediss'], like: 'redis://host:6379' }), {
    default: 'local',
    secret: true,
    description:
      'What carries typing between nodes: `local`, for one node, or the address of a Redis, like `redis://host:6379`.',
  }),
  files: optional(
    text.refine((value) => !/^[a-z0-9+]+:\/\//i.test(value), {
      error: 'names a server, and that is not available in this version: give a folder, or leave it out',
    }),
    { secret: true, otherwise: '`files` in the data folder', description: 'The folder that attachments are kept in.' },
  ),
  publicUrl: optional(webAddress, {
    otherwise: 'the address it listens on',
    description: 'The address that people reach the server by, where it stands behind a proxy.',
  }),
  origins: withDefault(origins, {
    default: '',
    otherwise: 'the same origin only',
    description:
      'Which other web sites may call: origins with commas between them, or `*` for clients without cookies.',
  }),
  rooms: withDefault(rooms, {
    default: 'General',
    mayBeEmpty: true,
    description:
      'Names of rooms that everyone may join, with commas between them. Each is made at a start if its slug has never been claimed. Empty: none.',
  }),
  registration: withDefault(registration, {
    default: 'open',
    values: 'open, closed',
    description: 'Whether people may make accounts themselves, and claim the account of a guest.',
  }),
  guests: withDefault(onOff, {
    default: 'on',
    values: 'on, off',
    description: 'Whether people may come in without an account.',
  }),
  broadcast: withDefault(oneOf(['moderators', 'members']), {
    default: 'moderators',
    values: 'moderators, members',
    description: 'Who may write to everyone and publish events.',
  }),
  logLevel: withDefault(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), {
    default: 'info',
    values: 'trace, debug, info, warn, error, fatal, silent',
    description: 'The least important lines that are logged.',
  }),
  logFile: optional(text, {
    otherwise: 'none',
    description:
      'A file that log lines are added to as well, as JSON, for its owner alone. SIGHUP opens it anew where stderr is no terminal.',
  }),
  logFormat: optional(oneOf(['pretty', 'json']), {
    values: 'pretty, json',
    otherwise: '`pretty` on a terminal, else `json`',
    description: 'How log lines look on stderr.',
  }),
  graphiql: withDefault(onOff, {
    default: 'on',
    values: 'on, off',
    description: 'Whether a browser that opens /graphql gets an editor. Off by itself where introspection is off.',
  }),
  introspection: withDefault(onOff, {
    default: 'on',
    values: 'on, off',
    description: 'Whether clients may ask for the schema.',
  }),
  documentAllowlist: optional(text, {
    otherwise: 'none: all documents within the limits',
    description:
      'A file with the only GraphQL documents that are carried out: JSON from the SHA-256 of each to its text, or named operations in a file that ends in `.graphql`. Switches introspection and GraphiQL off.',
  }),
  messageLength: withDefault(whole(1, 100_000), {
    default: '8000',
    description: 'The longest message, in characters (code points).',
  }),
  attachmentBytes: withDefault(whole(0, 1_073_741_824, ' bytes'), {
    default: '26214400',
    description: 'The largest attachment, in bytes.',
  }),
  trustProxy: withDefault(onOff, {
    default: 'off',
    values: 'off, on',
    description: 'Whether the caller’s address is taken from `X-Forwarded-For`. Only behind a proxy that sets it.',
  }),
  rateLimits: withDefault(onOff, {
    default: 'on',
    values: 'on, off',
    description: 'Whether rates per account and address are limited. Sizes, depth and cost always are.',
  }),
  sessionDays: withDefault(whole(1, 3_650, ' days'), {
    default: '30',
    description: 'After how many days without use a session ends; after twelve times that it ends in any case.',
  }),
  metrics: withDefault(oneOf(['local', 'public', 'off']), {
    default: 'local',
    values: 'local, public, off',
    description: 'Who may read /metrics and the details of /readyz: callers on the same machine, everyone, nobody.',
  }),
})

export type SettingName = keyof typeof settings.shape
export type Settings = z.output<typeof settings>

/** All names, in the order in which they are documented. */
export const settingNames: readonly SettingName[] = settings.keyof().options

/** What is known about a setting. */
export function about(name: SettingName): About {
  const known = settings.shape[name].meta()
  if (known === undefined || typeof known.description !== 'string') throw new Error(`The setting ${name} has no text.`)
  return { ...known, description: known.description }
}

/** `publicUrl` → `PARLEY_PUBLIC_URL`. */
export const variableOf = (name: SettingName): string =>
  `PARLEY_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
