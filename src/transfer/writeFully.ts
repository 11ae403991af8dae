// Writing to a file until everything is written: a disk that fills up may take a part.

import type { FileHandle } from 'node:fs/promises'

/** @param position where the first byte goes */
export async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}
