// An event's id is a UUID: 16 bytes in the file, 36 characters outside of it.

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const isId = (text: string): boolean => form.test(text)

/** Writes a lower-case UUID into 16 bytes. */
export function bytesOfId(id: string, into: Uint8Array): void {
  let at = 0
  for (let index = 0; index < 36; index += 2) {
    if (index === 8 || index === 13 || index === 18 || index === 23) index += 1
    into[at] = (digit(id.charCodeAt(index)) << 4) | digit(id.charCodeAt(index + 1))
    at += 1
  }
}

const digit = (code: number): number => (code < 58 ? code - 48 : code - 87)

/** A UUID of its 32 upper-case hexadecimal digits. */
export function idOfHex(hex: string): string {
  const low = hex.toLowerCase()
  return `${low.slice(0, 8)}-${low.slice(8, 12)}-${low.slice(12, 16)}-${low.slice(16, 20)}-${low.slice(20)}`
}
