// Argon2id hashes as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, in base64 without padding.
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md

export interface Argon2Hash {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly tag: Buffer
}

export const formatPhc = ({ memory, passes, parallelism, salt, tag }: Argon2Hash): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

const phcPattern =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,9})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/**
 * Reads a stored hash. What would take more than 64 MiB, 10 passes or 4 lanes is not accepted, so that a log brought
 * from elsewhere cannot make each login take a server's whole memory; nor are salts beyond 8 to 64 bytes and tags
 * beyond 16 to 64.
 * @throws Error for anything else; its message repeats nothing of the text
 */
export function parsePhc(text: string): Argon2Hash {
  const [, m, t, p, salt, tag] = phcPattern.exec(text) ?? []
  const hash = {
    memory: Number(m),
    passes: Number(t),
    parallelism: Number(p),
    salt: Buffer.from(salt ?? '', 'base64'),
    tag: Buffer.from(tag ?? '', 'base64'),
  }
  const { memory, passes, parallelism } = hash
  // RFC 9106 asks for 8 KiB a lane. Comparisons with NaN, where nothing was found, are false too.
  if (!(memory <= 65_536 && passes <= 10 && parallelism <= 4 && memory >= 8 * parallelism))
    throw new Error('The stored password hash cannot be read: it is no Argon2id hash, or one beyond the accepted size.')
  return hash
}
