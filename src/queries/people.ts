// Lists and counts of people by whether they are there. Who is there is known in memory; what else is asked of them is read: the
// fewer of the two are looked at.

import { type MembershipDocument, memberships } from '../../projections/memberships.ts'
import { usernames } from '../../projections/reservations.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { Filter, StoredDocument } from '../documents/port.ts'
import { type ConversationId, membershipId, type UserId } from '../domain/ids.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Asking } from './asking.ts'
import type { Found } from './loaders.ts'
import {
  beyond,
  countLimit,
  edgesOf,
  type List,
  type ListOrder,
  type Page,
  type PageArguments,
  type Place,
  pageSize,
  placeOf,
} from './page.ts'

interface PeopleQueriesOptions {
  readonly models: ReadModels
  /** Everybody who is there. */
  readonly online: { readonly size: number; has(user: UserId): boolean; ids(): Iterable<UserId> }
}

export interface PeopleArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  /** The beginning of a username or a display name. */
  readonly query?: string | null | undefined
  /** Only those who are there, or only the others. */
  readonly online?: boolean | null | undefined
}

/** Documents read at once. */
const chunk = 500
/** A count over more people than this is kept for a moment. */
const costly = 1_000
/** How long, in ms. */
const keptMs = 1_000

const byName: ListOrder = { name: 'user', field: 'usernameKey', direction: 1, ties: true }

export class PeopleQueries {
  readonly #options: PeopleQueriesOptions
  readonly #counts = new Map<ConversationId, { readonly at: number; readonly count: Promise<number> }>()

  constructor(options: PeopleQueriesOptions) {
    this.#options = options
  }

  /** Accounts by username. An account that its name does not lead to, or that is disabled, is not there. */
  async people(
    { consistency }: Asking,
    { first, after, query, online }: PeopleArguments,
  ): Promise<Page<Found<UserDocument>>> {
    const size = pageSize(first)
    const from = after == null ? undefined : beyond(byName, placeOf(byName, after), 'after')
    await consistency.ready()
    const text = query?.trim().toLowerCase() ?? ''
    const list: List<UserDocument> = {
      projection: users,
      filter: {
        $and: [
          { disabled: false },
          ...(text === '' ? [] : [{ $or: [beginning('usernameKey', text), beginning('displayNameKey', text)] }]),
        ],
      },
      order: byName,
    }
    const taken = await this.#take(list, { from, limit: size + 1, online })
    return {
      ...edgesOf(list, taken.slice(0, size)),
      hasNextPage: taken.length > size,
      hasPreviousPage: after != null,
      total: async () => {
        const all = await this.#take(list, { from: undefined, limit: countLimit + 1, online })
        return all.length > countLimit ? undefined : all.length
      },
    }
  }

  /** Members of a conversation who are there, or who are not, in the order in which they joined. */
  async members(
    { consistency, loaders }: Asking,
    conversationId: ConversationId,
    { first, after, online }: PageArguments & { readonly online: boolean },
  ): Promise<Page<Found<MembershipDocument>>> {
    const list = membersOf(conversationId)
    const size = pageSize(first)
    const place = after == null ? undefined : placeOf(list.order, after)
    await consistency.ready()
    const found = online
      ? await this.#onlineMembers(conversationId, { place, limit: size + 1 })
      : await this.#walk(list, place && beyond(list.order, place, 'after'), size + 1, async (page) =>
          page.filter(({ document }) => !this.#options.online.has(document.userId)),
        )
    const page: Page<Found<MembershipDocument>> = {
      ...edgesOf(list, found.slice(0, size)),
      hasNextPage: found.length > size,
      hasPreviousPage: after != null,
      total: async () => {
        const there = await this.onlineCount(conversationId)
        const all = online ? there : (await this.#memberCount(conversationId, Number.MAX_SAFE_INTEGER)) - there
        return all > countLimit ? undefined : Math.max(0, all)
      },
    }
    // Content first, access last.
    return (await loaders.access.load(conversationId)) ? page : nobody
  }

  /** How many members of a conversation are there. */
  async onlineCount(conversationId: ConversationId): Promise<number> {
    const now = performance.now()
    const known = this.#counts.get(conversationId)
    if (known && now - known.at < keptMs) return await known.count
    const size = this.#options.online.size
    const members = await this.#memberCount(conversationId, size + 1)
    const count = this.#onlineMembers(conversationId, { limit: Number.MAX_SAFE_INTEGER, members }).then(
      ({ length }) => length,
    )
    if (Math.min(members, size) > costly) {
      for (const [id, { at }] of this.#counts) if (now - at >= keptMs) this.#counts.delete(id)
      this.#counts.set(conversationId, { at: now, count })
    }
    return await count
  }

  async #memberCount(conversationId: ConversationId, limit: number): Promise<number> {
    return await this.#options.models.count(memberships, { conversationId }, { limit })
  }

  async #onlineMembers(
    conversationId: ConversationId,
    {
      place,
      limit,
      members,
    }: { readonly place?: Place | undefined; readonly limit: number; readonly members?: number },
  ): Promise<readonly StoredDocument<MembershipDocument>[]> {
    const { models, online } = this.#options
    const list = membersOf(conversationId)
    if ((members ?? (await this.#memberCount(conversationId, online.size + 1))) <= online.size)
      return await this.#walk(list, place && beyond(list.order, place, 'after'), limit, async (page) =>
        page.filter(({ document }) => online.has(document.userId)),
      )
    const ids = [...online.ids()].map((user) => membershipId(conversationId, user))
    const found = await this.#byIds((some) => models.get(memberships, some), ids)
    const rest = found.filter(({ id, document }) => {
      if (!place || document.joinedRevision > Number(place.key)) return true
      return list.order.ties && document.joinedRevision === place.key && id > place.id
    })
    return rest
      .sort((a, b) => a.document.joinedRevision - b.document.joinedRevision || compare(a.id, b.id))
      .slice(0, limit)
  }

  /** People of a list, filtered by whether they are there and whether their names lead to them. */
  async #take(
    list: List<UserDocument>,
    {
      from,
      limit,
      online,
    }: { readonly from: Filter | undefined; readonly limit: number; readonly online: boolean | null | undefined },
  ): Promise<readonly StoredDocument<UserDocument>[]> {
    const { models, online: there } = this.#options
    const isWanted = ({ id }: { readonly id: string }) => online == null || there.has(id as UserId) === online
    if (online === true) {
      if (there.size === 0) return []
      const matching = await models.count(users, list.filter, { limit: there.size + 1 })
      if (matching > there.size) return await this.#takeOnline(list, from, limit)
    }
    return await this.#walk(list, from, limit, (page) => this.#named(page.filter(isWanted)))
  }

  /** The same from those who are there: a filter on their ids, since the engine alone knows how texts compare. */
  async #takeOnline(
    list: List<UserDocument>,
    from: Filter | undefined,
    limit: number,
  ): Promise<readonly StoredDocument<UserDocument>[]> {
    const filter = from ? { $and: [list.filter, from] } : list.filter
    const found = await this.#byIds(
      (some) => this.#options.models.find(users, { filter: { $and: [{ _id: { $in: some } }, filter] }, limit: chunk }),
      [...this.#options.online.ids()],
    )
    const sorted = [...found].sort(
      (a, b) => compare(a.document.usernameKey, b.document.usernameKey) || compare(a.id, b.id),
    )
    const taken: StoredDocument<UserDocument>[] = []
    for (let at = 0; at < sorted.length && taken.length < limit; at += chunk)
      taken.push(...(await this.#named(sorted.slice(at, at + chunk))))
    return taken.slice(0, limit)
  }

  /** Goes through a list in its order until enough have been found. */
  async #walk<D extends object>(
    { projection, filter, order }: List<D>,
    from: Filter | undefined,
    limit: number,
    wanted: (page: readonly StoredDocument<D>[]) => Promise<readonly StoredDocument<D>[]>,
  ): Promise<readonly StoredDocument<D>[]> {
    const found: StoredDocument<D>[] = []
    for (let place = from, more = true; more && found.length < limit; ) {
      const page = await this.#options.models.find(projection, {
        filter: place ? { $and: [filter, place] } : filter,
        sort: { [order.field]: order.direction, ...(order.ties ? { _id: 1 } : undefined) },
        limit: chunk,
      })
      found.push(...(await wanted(page)))
      const last = page.at(-1)
      if (last) {
        // The order's field is one of the document's, and holds a string or a number.
        const key = (last.document as Readonly<Record<string, string | number>>)[order.field] ?? ''
        place = beyond(order, { key, id: last.id }, 'after')
      }
      more = page.length === chunk
    }
    return found.slice(0, limit)
  }

  async #byIds<D>(
    read: (ids: readonly string[]) => Promise<readonly StoredDocument<D>[]>,
    ids: readonly string[],
  ): Promise<StoredDocument<D>[]> {
    const found: StoredDocument<D>[] = []
    for (let first = 0; first < ids.length; first += chunk) found.push(...(await read(ids.slice(first, first + chunk))))
    return found
  }

  /** Those whose names lead to them. */
  async #named(people: readonly StoredDocument<UserDocument>[]): Promise<readonly StoredDocument<UserDocument>[]> {
    const names = people.map(({ document }) => document.usernameKey)
    const claims = new Map(
      (await this.#options.models.get(usernames, names)).map(({ id, document }) => [id, document.userId]),
    )
    return people.filter(({ id, document }) => claims.get(document.usernameKey) === id)
  }
}

/** Those of a direct conversation have all joined with the same event. */
const membersOf = (conversationId: ConversationId): List<MembershipDocument> => ({
  projection: memberships,
  filter: { conversationId },
  order: {
    name: `member ${conversationId}`,
    field: 'joinedRevision',
    direction: 1,
    ties: conversationId.startsWith('dm_'),
  },
})

const nobody = { edges: [], hasNextPage: false, hasPreviousPage: false, total: async () => 0 }

/** By code units: usernames and ids are ASCII. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Values that begin with a text. */
const beginning = (field: string, text: string): Filter => ({ [field]: { $gte: text, $lt: `${text}\u{10ffff}` } })
