// What a look at one thing found.

export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  /** What was looked at: `free space`. */
  readonly what: string
  readonly detail: string
  /** What to do; absent where nothing is. */
  readonly advice?: string
}

export const ok = (what: string, detail: string): Finding => ({ level: 'ok', what, detail })

export const warning = (what: string, detail: string, advice: string): Finding => ({
  level: 'warning',
  what,
  detail,
  advice,
})

export const problem = (what: string, detail: string, advice: string): Finding => ({
  level: 'problem',
  what,
  detail,
  advice,
})
