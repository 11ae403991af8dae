// The methods that verbs call: on a running server over its socket, or on what is opened for them where none runs.
// Both give the same answers; these schemas are the contract.

import { z } from 'zod'

/** `projections.list`, without params. */
export const projectionList = z.object({
  projections: z.array(
    z.object({
      name: z.string(),
      version: z.number(),
      /** `live`, `building`, `waiting` or what else the runner says. */
      state: z.string(),
      /** Of the last event folded; empty before the first. */
      position: z.string(),
      lagEvents: z.number(),
      lagSeconds: z.number(),
      documents: z.number(),
      /** Documents that stand still because an event could not be folded into them. */
      parked: z.number(),
    }),
  ),
})

/** `projections.rebuild` and `projections.verify`: which; `all` and names exclude each other. */
export type ProjectionChoice = { readonly names: readonly string[] } | { readonly all: true }

/** Progress of both: events read of those there are. */
export const projectionProgress = z.object({
  done: z.number(),
  total: z.number(),
  /** What is under way: a projection's name, mostly. */
  what: z.string().optional(),
})

/** Result of `projections.rebuild`. */
export const rebuilt = z.object({
  projections: z.array(z.object({ name: z.string(), events: z.number(), documents: z.number(), seconds: z.number() })),
})

/** Result of `projections.verify`. */
export const verified = z.object({
  projections: z.array(
    z.object({
      name: z.string(),
      /** Documents compared. */
      compared: z.number(),
      /** How many differ from a fresh fold of the log. */
      differences: z.number(),
      /** Ids of some of them. */
      examples: z.array(z.string()).default([]),
    }),
  ),
})

const counted = { events: z.number(), bytes: z.number() }

/** Result of `events.stats`; its progress is that of projections. `bytes` are those of the events as JSON. */
export const logStats = z.object({
  ...counted,
  types: z.array(z.object({ type: z.string(), ...counted })),
  categories: z.array(z.object({ category: z.string(), streams: z.number(), ...counted })),
  /** When the first and the last event happened; absent where the log is empty. */
  first: z.string().optional(),
  last: z.string().optional(),
})

/** Result of `doctor.look`: what was found in the stores, and who looked. */
export const storesLook = z.object({
  pid: z.number(),
  newest: z.string().optional(),
  findings: z.array(
    z.object({
      level: z.enum(['ok', 'warning', 'problem']),
      what: z.string(),
      detail: z.string(),
      advice: z.string().optional(),
    }),
  ),
})

/** Progress of `log.lines`: lines of an export, and in between, as that of projections, how far it has come. */
export const logLines = z.object({ lines: z.array(z.string()) })

/** Result of `log.lines`: events that cannot be read, and where some of them stand. */
export const logLinesEnd = z.object({ unreadable: z.number(), examples: z.array(z.string()) })

/** Params of `events.read`. `conversation` is an id or a slug; `after` a position, or the revision where a stream is named. */
export interface EventsRead {
  readonly stream?: string
  readonly conversation?: string
  readonly type?: string
  readonly after?: string
  readonly limit?: number
  /** Goes on with what is appended, until the call is ended; begins at the end where there is no `after`. */
  readonly follow?: boolean
}

/** Progress of `events.read`; its result is an empty object. */
export const eventPage = z.object({
  events: z.array(
    z.object({
      stream: z.string(),
      revision: z.number(),
      position: z.string(),
      id: z.string(),
      type: z.string(),
      data: z.record(z.string(), z.unknown()),
      body: z.record(z.string(), z.unknown()).optional(),
      metadata: z.record(z.string(), z.string()),
    }),
  ),
})

export type EventLine = z.output<typeof eventPage>['events'][number]
