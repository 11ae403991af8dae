// Events as both ways of appending send them.

import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import type { Proposed } from './log.ts'
import { idOf } from './places.ts'
import { metadataMissing } from './refusals.ts'

interface Message {
  getId(): UUID | undefined
  getMetadataMap(): { get(key: string): string | undefined }
  getData_asU8(): Uint8Array
  getCustomMetadata_asU8(): Uint8Array
}

/** @throws {Refusal} where its type or content type is missing */
export function proposed(message: Message): Proposed {
  const said = message.getMetadataMap()
  const [type, contentType, id] = [said.get('type'), said.get('content-type'), idOf(message.getId())]
  if (type === undefined) throw metadataMissing('type')
  if (contentType === undefined || id === undefined) throw metadataMissing('content-type')
  return {
    ...{ id, type, json: contentType === 'application/json' },
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

/** Bytes that count against the limit of an append: `Event.SizeOnDisk` of the real server, two for a letter of the type. */
export const sizeOf = (events: readonly Proposed[]): number =>
  events.reduce((sum, { type, data, metadata }) => sum + type.length * 2 + data.length + metadata.length, 0)

/** The real server's default, of its option MaxAppendSize. */
export const maxAppendSize = 1024 * 1024
