// Each projection's documents lie in a collection of their own, a build. Which one is read is said by a record, the pointer.

import type { Projection } from '../../projections/projection.ts'
import type { Document, Documents, RecordChange } from '../documents/port.ts'

export interface Pointer {
  readonly version: number
  readonly build: number
  readonly collection: string
  /**
   * Set while a node folds that brings another version: up to here this build has been folded, as the record of a checkpoint. Whoever
   * takes it up again goes on from there.
   */
  readonly through?: Document
}

/** The version is part of the key: an older node goes on with its own. */
export const pointerKey = (name: string, version: number): string => `projection/${name}/v${version}`

/** What says how far the read models are: looked at often, so read together. */
export const progressPrefix = 'projections/'
export const checkpointKey = 'projections/checkpoint'
/** Changes together with the checkpoint whenever a document is parked. */
export const parkedMarkKey = 'projections/parked'
export const leaseKey = 'projections/lease'
/** Who asks for the lease. */
export const leaseWantedKey = 'projections/lease/wanted'

export const collectionOf = ({ name, version }: Projection, build: number): string => `${name}_v${version}_${build}`
export const verifyCollectionOf = (projection: Projection): string => `verify_${collectionOf(projection, 0)}`

/** A build that is being made is known by this beginning, whatever its number is. */
export const madeAs = ({ name, version }: Projection): string => `${name}_v${version}_`
export const isMadeBy = (collection: string, makes: readonly string[]): boolean =>
  makes.some((beginning) => collection.startsWith(beginning))

const pattern = /^(?:verify_)?(.+)_v(\d+)_(\d+)$/

/** The number of the next build of a projection. */
export function nextBuild({ name, version }: Projection, collections: readonly string[]): number {
  let highest = 0
  for (const collection of collections) {
    const parts = pattern.exec(collection)
    if (parts?.[1] === name && Number(parts[2]) === version) highest = Math.max(highest, Number(parts[3]))
  }
  return highest + 1
}

/**
 * Compares this node's versions with those that others bring.
 *
 * @param others keys of pointers
 * @returns the keys among them that are newer than here, and the names of the projections that are older there
 */
export function versionsAmong(
  others: readonly string[],
  projections: readonly Projection[],
): { readonly newer: readonly string[]; readonly older: ReadonlySet<string> } {
  const versions = new Map(projections.map(({ name, version }) => [name, version]))
  const older = new Set<string>()
  const newer: string[] = []
  for (const key of others) {
    const [, name = '', version] = /^projection\/(.+)\/v(\d+)$/.exec(key) ?? []
    const here = versions.get(name)
    if (here === undefined) continue
    if (Number(version) > here) newer.push(key)
    else if (Number(version) < here) older.add(name)
  }
  return { newer, older }
}

/** Builds that no pointer names: unfinished ones, left by a rebuild that was interrupted, and replaced ones. */
export function leftovers(
  projections: readonly Projection[],
  collections: readonly string[],
  active: ReadonlySet<string>,
): readonly string[] {
  const names = new Set(projections.map((projection) => projection.name))
  return collections.filter((collection) => {
    const name = pattern.exec(collection)?.[1]
    return name !== undefined && names.has(name) && !active.has(collection)
  })
}

export interface StoredPointer {
  readonly key: string
  readonly recordVersion: number
  readonly pointer: Pointer
}

/** Every pointer there is of these projections, older and newer versions too. */
export async function readPointers(
  documents: Documents,
  projections: readonly Projection[],
): Promise<readonly StoredPointer[]> {
  const names = new Set(projections.map((projection) => projection.name))
  const pointers: StoredPointer[] = []
  for (const [key, record] of await documents.records('projection/'))
    if (names.has(key.split('/')[1] ?? ''))
      // `pointTo` wrote it.
      pointers.push({ key, recordVersion: record.version, pointer: record.value as unknown as Pointer })
  return pointers
}

/** The change that makes a build the one that is read. Pointers of other versions go: their builds are no longer folded. */
export function pointTo(
  projection: Projection,
  pointer: Pointer,
  stored: readonly StoredPointer[],
): readonly RecordChange[] {
  const key = pointerKey(projection.name, projection.version)
  const before = stored.find((one) => one.key === key)
  const others = stored.filter((one) => one.key !== key && one.key.startsWith(`projection/${projection.name}/`))
  const value: Document = { ...pointer }
  return [
    { key, expectedVersion: before?.recordVersion ?? 0, value },
    ...others.map((one) => ({ key: one.key, expectedVersion: one.recordVersion, value: undefined })),
  ]
}
