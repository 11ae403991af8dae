// Fields that are the same for every viewer.

/**
 * The extensions of a field whose value depends on nothing but the object it belongs to, its arguments and the moment: never on
 * who asks. Feeds whose documents ask only for such fields are served together: each frame is executed once, by nobody in
 * particular. A field without this mark is taken to be per viewer.
 */
export const shared = { shared: true } as const
