// Bodies are stored sealed, with AES-256-GCM and a key for each event, so that removing the key forgets the body: in
// the server's log nothing can be deleted that anybody could rely on.
//
// Sealed is base64 of: form (1 byte: 1 is JSON, 2 is JSON deflated), a print of the key (4), nonce (12), the
// ciphertext, tag (16). The event's id is authenticated with it, so that no body can be moved to another event.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

const cipher = 'aes-256-gcm'
const form = { plain: 1, deflated: 2 }
const printBytes = 4
const nonceBytes = 12
const tagBytes = 16
const header = 1 + printBytes + nonceBytes

/** Bodies of so many bytes and more are deflated: base64 makes them a third longer, and the server limits an append. */
const large = 4_096

/** @param json UTF-8 @param key 32 bytes */
export function seal(json: string, id: string, key: Uint8Array): string {
  const deflate = json.length >= large
  const text = deflate ? deflateRawSync(json) : Buffer.from(json)
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes })
  sealing.setAAD(Buffer.from(id))
  const encrypted = [sealing.update(text), sealing.final()]
  const first = Uint8Array.of(deflate ? form.deflated : form.plain)
  return Buffer.concat([first, printOf(key), nonce, ...encrypted, sealing.getAuthTag()]).toString('base64')
}

export type Unsealed =
  | { readonly kind: 'json'; readonly json: string }
  /** It was sealed with a key that has been removed since, and another one was given. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'damaged' }

export function unseal(sealed: string, id: string, key: Uint8Array): Unsealed {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < header + tagBytes) return { kind: 'damaged' }
  if (!printOf(key).equals(bytes.subarray(1, 1 + printBytes))) return { kind: 'forgotten' }
  try {
    const nonce = bytes.subarray(1 + printBytes, header)
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes })
    opening.setAAD(Buffer.from(id))
    opening.setAuthTag(bytes.subarray(-tagBytes))
    const text = Buffer.concat([opening.update(bytes.subarray(header, -tagBytes)), opening.final()])
    return { kind: 'json', json: (bytes[0] === form.deflated ? inflateRawSync(text) : text).toString('utf8') }
  } catch {
    return { kind: 'damaged' }
  }
}

const printOf = (key: Uint8Array): Buffer => createHash('sha256').update(key).digest().subarray(0, printBytes)
