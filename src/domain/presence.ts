// src/domain/presence.ts: on which devices a person is there, and what they say of it.

import { type Decision, happened, nothing } from './decision.ts'
import type { PresenceChanged } from './events.ts'
import type { DateTime } from './ids.ts'

/** An open, signed-in connection of a person. */
export interface Device {
  readonly id: string
  readonly since: DateTime
  /** Nothing has been asked on it for some time. */
  readonly away: boolean
}

export type PresenceStatus = 'ONLINE' | 'AWAY' | 'BUSY' | 'OFFLINE'
/** What can be set by hand: nobody who is there is OFFLINE. */
export type ChosenStatus = Exclude<PresenceStatus, 'OFFLINE'>

export interface Presence {
  /** By node life: one run of a node, from its start to its end. Those without devices are left out. */
  readonly nodes: Readonly<Record<string, readonly Device[]>>
  /** Set by hand, until it is cleared. */
  readonly chosen?: { readonly status: ChosenStatus; readonly since: DateTime } | undefined
  readonly statusText?: string | undefined
  /** When the last device went; undefined while one is there, and before the first. */
  readonly lastSeenAt?: DateTime | undefined
}

export const initial: Presence = { nodes: {} }

/** Each event says the whole state. A status text that was forgotten is none. */
export function evolve(_before: Presence, { data, body }: PresenceChanged): Presence {
  const { nodes, status, statusSince, lastSeenAt } = data
  return {
    nodes,
    ...(status !== undefined && statusSince !== undefined && { chosen: { status, since: statusSince } }),
    ...(body && { statusText: body.statusText }),
    ...(lastSeenAt !== undefined && { lastSeenAt }),
  }
}

/** Several devices count once. What was set by hand holds as long as one of them is there. */
export function statusOf({ nodes, chosen }: Pick<Presence, 'nodes' | 'chosen'>): PresenceStatus {
  const devices = Object.values(nodes).flat()
  if (devices.length === 0) return 'OFFLINE'
  return chosen?.status ?? (devices.every(({ away }) => away) ? 'AWAY' : 'ONLINE')
}

// ── commands ──

/** Devices of one node that an event names, at most: those in use first. More of them say no more. */
const namedDevices = 20

/** What a node's devices say of a person: nothing, away, or there. Only when this changes has something happened. */
export type Attendance = 'none' | 'away' | 'active'

export function attendanceOf(devices: readonly Pick<Device, 'away'>[]): Attendance {
  if (devices.length === 0) return 'none'
  return devices.every(({ away }) => away) ? 'away' : 'active'
}

export interface Report {
  /** The life of the node that sees them. */
  readonly node: string
  /** All of this person's devices on it, now. */
  readonly devices: readonly Device[]
  /** When the last of them went, where none is there. */
  readonly at: DateTime
}

/** A node tells what it sees. A second device, or another one instead of the first, is no transition. */
export function report(presence: Presence, { node, devices, at }: Report): Decision<PresenceChanged> {
  if (attendanceOf(presence.nodes[node] ?? []) === attendanceOf(devices)) return nothing
  const { [node]: _before, ...others } = presence.nodes
  if (devices.length === 0) return changed(presence, { nodes: others, at })
  const inUseFirst = [...devices].sort((a, b) => Number(a.away) - Number(b.away))
  return changed(presence, { nodes: { ...others, [node]: inUseFirst.slice(0, namedDevices) }, at })
}

/** The devices of these node lives are gone with them. */
export function empty(
  presence: Presence,
  { gone, at }: { readonly gone: ReadonlySet<string>; readonly at: DateTime },
): Decision<PresenceChanged> {
  const left = Object.entries(presence.nodes).filter(([node]) => !gone.has(node))
  if (left.length === Object.keys(presence.nodes).length) return nothing
  return changed(presence, { nodes: Object.fromEntries(left), at })
}

export interface SetStatus {
  /** `null` clears it, `undefined` keeps it. */
  readonly status: ChosenStatus | null | undefined
  readonly statusText: string | null | undefined
  readonly now: DateTime
}

/** Setting what is set already changes nothing, and keeps the time since when it is. */
export function setStatus(presence: Presence, { status, statusText, now }: SetStatus): Decision<PresenceChanged> {
  const chosen =
    status === undefined || status === presence.chosen?.status
      ? presence.chosen
      : status === null
        ? undefined
        : { status, since: now }
  const text = statusText === undefined ? presence.statusText : (statusText ?? undefined)
  if (chosen?.status === presence.chosen?.status && text === presence.statusText) return nothing
  return happened(whole({ ...presence, chosen, statusText: text }))
}

/** With other devices than before: whoever has lost the last one was seen last then, and never earlier than before. */
function changed(
  { lastSeenAt, ...presence }: Presence,
  { nodes, at }: Pick<Presence, 'nodes'> & { readonly at: DateTime },
): Decision<PresenceChanged> {
  if (Object.keys(nodes).length > 0) return happened(whole({ ...presence, nodes }))
  const wasThere = Object.values(presence.nodes).flat()
  const seen = wasThere.reduce((latest, { since }) => (since > latest ? since : latest), lastSeenAt ?? at)
  return happened(whole({ ...presence, nodes, lastSeenAt: seen > at ? seen : at }))
}

const whole = ({ nodes, chosen, statusText, lastSeenAt }: Presence): PresenceChanged => ({
  type: 'PresenceChanged',
  data: {
    nodes,
    ...(chosen && { status: chosen.status, statusSince: chosen.since }),
    ...(lastSeenAt !== undefined && { lastSeenAt }),
  },
  ...(statusText !== undefined && { body: { statusText } }),
})
