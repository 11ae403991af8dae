// How many bytes a row takes in SQLite's record format (https://sqlite.org/fileformat2.html#record_format).
//
// A row never changes its size. When SQLite moves rows between pages to keep its tree balanced, it leaves copies of
// them in the unused part of the old page, where even `secure_delete` does not look: a text removed later could then
// be found in the file. Rows move when one grows, shrinks or goes away. So here a row is only ever appended at the end
// of its table, which moves nothing, or overwritten in place by exactly as many bytes: its JSON is filled up with spaces.

export interface RowSize {
  /** The number that stands for the id. */
  readonly hash: number
  readonly idBytes: number
  readonly revision: number
  readonly positionBytes: number
  /** Bytes of the JSON with the spaces after it. */
  readonly docBytes: number
}

/** Bytes of the record (n NULL, h INTEGER, id TEXT, revision INTEGER, position TEXT, removed 0 or 1, doc TEXT). */
export function rowBytes(row: RowSize): number {
  return bytesBesideDoc(row) + textHeader(row.docBytes) + row.docBytes
}

/** How long the JSON has to be made for the row to have this size; undefined where no length does it. */
export function docBytesFor(size: number, row: Omit<RowSize, 'docBytes'>): number | undefined {
  const room = size - bytesBesideDoc(row)
  for (let header = 1; header <= 5; header++) {
    const docBytes = room - header
    if (docBytes >= 0 && textHeader(docBytes) === header) return docBytes
  }
  return undefined
}

/** How a row without an id and its number, at revision 0, can have this size: its old place when a document needs more room. */
export function emptyRow(size: number): { readonly position: string; readonly doc: string } {
  // A length that no text header fits is one byte further with another byte in the position.
  for (const position of ['', ' ']) {
    const docBytes = docBytesFor(size, { hash: 0, idBytes: nullId, revision: 0, positionBytes: position.length })
    if (docBytes !== undefined) return { position, doc: ' '.repeat(docBytes) }
  }
  throw new Error(`No empty row has ${size} bytes.`)
}

const nullId = -1

function bytesBesideDoc({ hash, idBytes, revision, positionBytes }: Omit<RowSize, 'docBytes'>): number {
  const id = idBytes === nullId ? 1 : textHeader(idBytes) + idBytes
  // One byte each: the header's own length, the row number (kept elsewhere), the types of hash, revision and removed.
  return 5 + id + integerBytes(hash) + integerBytes(revision) + textHeader(positionBytes) + positionBytes
}

/** Bytes of the type that stands for a text of this length: a varint of 2 × length + 13. */
function textHeader(bytes: number): number {
  let header = 1
  for (let rest = Math.floor((2 * bytes + 13) / 128); rest > 0; rest = Math.floor(rest / 128)) header++
  return header
}

function integerBytes(value: number): number {
  if (value === 0 || value === 1) return 0
  if (value < 2 ** 7) return 1
  if (value < 2 ** 15) return 2
  if (value < 2 ** 23) return 3
  if (value < 2 ** 31) return 4
  if (value < 2 ** 47) return 6
  return 8
}
