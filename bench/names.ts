// The benches there are, in the order in which they run.

/** `measures`: where the measured code runs, which is what a profile must show. */
export const benches = [
  { name: 'append', measures: 'own process' },
  { name: 'fanout', measures: 'server' },
  { name: 'fanout-shapes', measures: 'server' },
  { name: 'inbox', measures: 'server' },
  { name: 'resume', measures: 'server' },
  { name: 'slow', measures: 'server' },
  { name: 'idle', measures: 'server' },
  { name: 'storm', measures: 'server' },
  { name: 'send', measures: 'server' },
  { name: 'latency', measures: 'server' },
  { name: 'lag', measures: 'server' },
  { name: 'startup', measures: 'server' },
  { name: 'history', measures: 'own process' },
  { name: 'rebuild', measures: 'own process' },
] as const

export type Bench = (typeof benches)[number]
