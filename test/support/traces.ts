// Whether a text has left bytes anywhere: in the files of a folder, whatever they are, or in something written.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The bytes in which a text may lie: UTF-8, UTF-16 in both orders, escaped as JSON where it must be, and wholly. */
function formsOf(text: string): readonly Buffer[] {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return [
    Buffer.from(text, 'utf8'),
    Buffer.from(text, 'utf16le'),
    Buffer.from(text, 'utf16le').swap16(),
    Buffer.from(JSON.stringify(text).slice(1, -1)),
    Buffer.from(units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')),
  ]
}

/** Those of the texts that are found. */
export const textsIn = (bytes: Buffer, texts: readonly string[]): readonly string[] =>
  texts.filter((text) => formsOf(text).some((form) => bytes.includes(form)))

/** Where each of the texts is found: "file: text". Every file below the folder is searched. */
export async function tracesIn(folder: string, texts: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path).catch((error) => {
      // A journal that was there a moment ago.
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    for (const text of textsIn(bytes, texts)) found.push(`${path}: ${text}`)
  }
  return found
}

/** Looks again and again until nothing is found; what is left after `timeoutMs`. */
export async function tracesLeft(
  folder: string,
  texts: readonly string[],
  timeoutMs: number,
): Promise<readonly string[]> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await tracesIn(folder, texts)
    if (found.length === 0 || performance.now() > deadline) return found
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
