// The address of EventStoreDB, checked before the client sees it: the client ignores what it does not know, cuts a
// password at its first colon, reads `21x3` as port 21, and with `tls=false` drops the credentials, all without an
// error.

import { existsSync } from 'node:fs'
import { CannotOpen } from '../port.ts'

export interface Address {
  /** As the client takes it. */
  readonly connectionString: string
  /** Host and port, for sentences: without credentials. */
  readonly shown: string
}

const name = 'PARLEY_EVENTSTORE'
const example = 'esdb://host:2113?tls=false, or esdb://user:password@host:2113'

/** What the client understands, in lower case, and what it must be. */
const options: Readonly<Record<string, 'number' | 'boolean' | 'file' | 'text'>> = {
  tls: 'boolean',
  tlscafile: 'file',
  usercertfile: 'file',
  userkeyfile: 'file',
  nodepreference: 'text',
  connectionname: 'text',
  maxdiscoverattempts: 'number',
  discoveryinterval: 'number',
  gossiptimeout: 'number',
}

/** What the client understands, and Parley decides for itself or cannot offer. */
const refused: Readonly<Record<string, string>> = {
  throwonappendfailure: 'Parley needs the errors that it switches off: leave it out',
  tlsverifycert: 'this client ignores it: name the authority with tlsCAFile=/path/to/ca.crt instead',
  defaultdeadline: 'Parley has time limits of its own: leave it out',
  keepaliveinterval: 'Parley watches the connection itself: leave it out',
  keepalivetimeout: 'Parley watches the connection itself: leave it out',
}

/** @throws {CannotOpen} with a sentence that says what to do; it never holds the password */
export function addressOf(connectionString: string): Address {
  const text = connectionString.trim().replace(/\/+$/, '')
  const parts = /^(esdb|esdb\+discover):\/\/(?:([^@/?]*)@)?([^?@]*)(?:\?(.*))?$/.exec(text)
  if (parts === null) {
    const said = /^[a-z+]+:/i.exec(text)?.[0] ?? 'what is there'
    const why = text.startsWith('esdb') ? 'cannot be read' : `begins with ${said}, and has to begin with esdb://`
    throw new CannotOpen(`${name} ${why}. Write it like ${example}; in user and password, @ : / ? as %40 %3A %2F %3F.`)
  }
  const [, scheme = '', credentials, hosts = '', query = ''] = parts
  const shown = checkHosts(hosts, scheme)
  const tls = checkOptions(query)
  if (credentials !== undefined) checkCredentials(credentials)
  // Node refuses an IP address as the name of a TLS server, and gRPC gives it one.
  const address = tls ? hosts.split(',').find((host) => /^[\d.]+(:|$)/.test(host)) : undefined
  if (address !== undefined) {
    throw new CannotOpen(
      `${name} names "${address}": its client can use TLS with host names only. Use the name that stands in the server's certificate; if the server runs without TLS, add ?tls=false.`,
    )
  }
  if (credentials !== undefined && !tls) {
    throw new CannotOpen(
      `${name} names a user, and tls=false: without TLS the name and password would not be sent at all. Leave out tls=false, or the user.`,
    )
  }
  return { connectionString: text, shown }
}

function checkHosts(hosts: string, scheme: string): string {
  const list = hosts.split(',')
  for (const host of list) {
    if (host.includes('[') || host.split(':').length > 2) {
      throw new CannotOpen(`${name} holds an IPv6 address ("${host}"), which its client cannot read. Use a host name.`)
    }
    const [, address = '', port = '2113'] = /^([^:/\s]*)(?::(.*))?$/.exec(host) ?? []
    if (address === '') throw new CannotOpen(`${name} names no host in "${host}". Write it like ${example}.`)
    const number = /^\d{1,5}$/.test(port) ? Number(port) : 0
    if (number < 1 || number > 65_535) {
      throw new CannotOpen(`"${port}" in ${name} is no port: a number from 1 to 65535 is needed, usually 2113.`)
    }
  }
  if (scheme === 'esdb+discover' && list.length > 1) {
    throw new CannotOpen(
      `${name} begins with esdb+discover:// and names several hosts. Name one, or begin with esdb://.`,
    )
  }
  return hosts
}

/** @returns whether TLS is used */
function checkOptions(query: string): boolean {
  let tls = true
  const given = new Set<string>()
  for (const option of query === '' ? [] : query.split('&')) {
    const [key = '', value = ''] = option.split(/=(.*)/s)
    const flat = key.toLowerCase().replace(/[_-]/g, '')
    const reason = refused[flat]
    if (reason !== undefined) throw new CannotOpen(`${name} holds ${key}: ${reason}.`)
    const kind = options[flat]
    if (kind === undefined) {
      throw new CannotOpen(`${name} holds the option "${key}", which its client does not know. Leave it out.`)
    }
    checkValue(key, value, kind)
    if (flat === 'tls') tls = value === 'true'
    given.add(flat)
  }
  if (!tls && given.has('tlscafile')) {
    throw new CannotOpen(`${name} holds tls=false and tlsCAFile. Leave out the one that is not meant.`)
  }
  if (given.has('usercertfile') !== given.has('userkeyfile')) {
    throw new CannotOpen(`${name} needs userCertFile and userKeyFile together.`)
  }
  return tls
}

function checkValue(key: string, value: string, kind: 'number' | 'boolean' | 'file' | 'text'): void {
  if (value === '') throw new CannotOpen(`${key} in ${name} has no value. Write ${key}=…, or leave it out.`)
  if (kind === 'boolean' && value !== 'true' && value !== 'false') {
    throw new CannotOpen(`${key} in ${name} is "${value}": true or false is needed.`)
  }
  if (kind === 'number' && !/^\d+$/.test(value)) {
    throw new CannotOpen(`${key} in ${name} is "${value}": a whole number is needed.`)
  }
  if (kind === 'file' && !existsSync(decoded(value))) {
    throw new CannotOpen(`The file ${decoded(value)} (${key} in ${name}) is not there. Check the path.`)
  }
}

function checkCredentials(credentials: string): void {
  const [user = '', password = '', ...rest] = credentials.split(':')
  if (user === '' || password === '') {
    throw new CannotOpen(`${name} needs a user and a password before the @, as in ${example}.`)
  }
  // The client would cut the password there, and the server refuse what is left.
  if (rest.length > 0) throw new CannotOpen(`A colon in the user or password of ${name} is to be written %3A.`)
  decoded(user)
  decoded(password)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new CannotOpen(`${name} holds a % that does not begin an escape like %40. Write a plain % as %25.`)
  }
}
