// Fields that are the same for every viewer.

/**
 * The extensions of a field whose value depends on nothing but the object it belongs to, its arguments and the moment: never on
 * who asks. Feeds whose documents ask only for such fields are served together: each frame is executed once, by nobody in
 * particular. A field without this mark is taken to be per viewer.
 */
export const shared = { shared: true } as const

/**
 * The same for every viewer too, but it changes with more than the changes of a message or of a person: a frame that shows it is
 * as things are when it is made, and is not kept for those who come later.
 */
export const passing = { shared: true, passing: true } as const

/** The extensions of a type that only frames of one viewer's own hold: what is asked of it keeps no other frame from being shared. */
export const own = { own: true } as const
